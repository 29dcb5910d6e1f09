// The dashboards and rules of this directory as a monitoring mixin (https://monitoring.mixins.dev): import it, change
// `_config`, and take `prometheusAlerts`, `prometheusRules` and `grafanaDashboards`. Needs jsonnet 0.18 or later.
local read(text) = std.parseYaml(text);

{
  _config+:: {
    // Grafana's own address, such as `https://grafana.example`; where empty, alerts have no `dashboard_url`.
    grafanaUrl: '',
    // Where browsers reach the status page, such as `https://m365-probe.example`; where empty, the programs' `--web.external-url`.
    pagesUrl: '',
    // Of the time, the part that may fail.
    errorBudget: 0.005,
    // In place of the severity `critical`, which is to wake somebody.
    criticalSeverity: 'critical',
    dashboardTags: ['m365-probe'],
  },

  local config = self._config,

  prometheusAlerts+:: {
    local adapted(rule) = rule {
      labels+: if rule.labels.severity == 'critical' then { severity: config.criticalSeverity } else {},
    },
    groups+: [
      group { rules: [adapted(rule) for rule in group.rules] }
      for group in read(importstr 'alerts.yml').groups
    ],
  },

  prometheusRules+:: {
    local adapted(rule) =
      if rule.record == 'm365_slo:error_budget:ratio' then rule { expr: 'vector(%g)' % config.errorBudget }
      else if rule.record == 'm365_pages:url:info' && config.pagesUrl != '' then
        rule { expr: 'label_replace(m365_exporter_build_info, "url", "%s", "", "")' % config.pagesUrl }
      else if rule.record == 'm365_grafana:url:info' then
        rule { expr: 'label_replace(vector(1), "url", "%s", "", "")' % config.grafanaUrl }
      else rule,
    groups+: [
      group { rules: [adapted(rule) for rule in group.rules] }
      for group in read(importstr 'rules.yml').groups
    ],
  },

  grafanaDashboards+:: {
    [name]: dashboards[name] { tags: config.dashboardTags }
    for name in std.objectFields(dashboards)
  },

  local dashboards = {
    'm365-overview.json': import 'overview.json',
    'm365-latency.json': import 'latency.json',
    'm365-mailbox.json': import 'mailbox.json',
    'm365-network.json': import 'network.json',
    'm365-exporter.json': import 'exporter.json',
  },
}
