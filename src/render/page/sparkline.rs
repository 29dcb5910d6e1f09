//! A row of small bars: how long the last runs took, the failed ones marked.

use std::fmt::Write as _;
use std::time::Duration;

use maud::{Markup, html};

use crate::lang::Lang;
use crate::store::History;

/// Width of a bar and of the gap behind it; height of the whole.
const BAR: usize = 3;
const GAP: usize = 1;
const HEIGHT: u32 = 20;

/// The drawing, and the same in words for those who do not see it; nothing of fewer than two runs, as a bar alone tells nothing.
pub fn sparkline(history: &History, lang: Lang) -> Markup {
    let runs: Vec<_> = history.iter().collect();
    if runs.len() < 2 {
        return Markup::default();
    }
    let longest = runs.iter().map(|run| run.millis).max().unwrap_or(1).max(1);
    let shortest = runs.iter().map(|run| run.millis).min().unwrap_or_default();
    let failed = runs.iter().filter(|run| !run.ok).count();
    let values = [("failed", &*failed.to_string()), ("shortest", &brief(shortest)), ("longest", &brief(longest))];
    let label = lang.texts().page.recent_runs.with(runs.len(), &values);
    let width = History::KEPT * (BAR + GAP);
    // One path for each kind, of thick lines from the foot upward: hundreds of these stand on a page.
    let path = |ok: bool| {
        let (mut path, mut pen) = (String::new(), None);
        let first = History::KEPT - runs.len();
        for (place, run) in runs.iter().enumerate().filter(|(_, run)| run.ok == ok) {
            let height = (u64::from(run.millis) * u64::from(HEIGHT - 2) / u64::from(longest)).max(1);
            let middle = (first + place) * (BAR + GAP) + BAR / 2;
            let _ = match pen {
                None => write!(path, "M{middle} {HEIGHT}v-{height}"),
                Some((before, high)) => write!(path, "m{} {high}v-{height}", middle - before),
            };
            pen = Some((middle, height));
        }
        path
    };
    let paths = [("run", path(true)), ("bad", path(false))];
    html! {
        svg .spark role="img" aria-label=(label) viewBox={ "-.5 0 " (width) " " (HEIGHT) } width=(width) height=(HEIGHT) {
            @for (class, path) in paths { @if !path.is_empty() { path class=(class) d=(path) {} } }
        }
    }
}

/// `412 ms`, `1.3 s`.
pub fn brief(millis: u32) -> String {
    if millis < 1000 { format!("{millis} ms") } else { format!("{:.1} s", f64::from(millis) / 1e3) }
}

/// The same of a duration; below ten milliseconds with a digit more.
pub fn shown(took: Duration) -> String {
    let millis = took.as_secs_f64() * 1e3;
    if millis < 9.95 { format!("{millis:.1} ms") } else { brief(u32::try_from(took.as_millis()).unwrap_or(u32::MAX)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparkline_has_a_bar_for_each_run_and_marks_failed_ones() {
        let mut history = History::default();
        assert_eq!(sparkline(&history, Lang::En).into_string(), "");
        for (millis, ok) in [(100, true), (0, true), (50, false)] {
            history.push(Duration::from_millis(millis), ok);
        }
        let svg = sparkline(&history, Lang::En).into_string();
        assert!(svg.contains("aria-label=\"last 3 runs, 1 failed, between 0 ms and 100 ms\""), "{svg}");
        assert!(svg.contains("class=\"run\" d=\"M109 20v-18m4 18v-1\""), "{svg}");
        assert!(svg.contains("class=\"bad\" d=\"M117 20v-9\""), "{svg}");
    }
}
