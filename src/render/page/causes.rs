//! A card for each root cause: what is broken, since when, who must act, what to do.

use std::fmt::Write as _;
use std::time::SystemTime;

use super::Visitor;
use super::html::{capital, escaped, prose};
use super::table;
use super::time::{clock, lasting};
use super::tongue::{self, with, words};
use crate::lang::Lang;
use crate::outcome::{Evidence, ProbeId};
use crate::reason::Reason;
use crate::reason::text::Text;
use crate::render::doctor::{Look, evidenced};
use crate::render::remedy::{Concern, Part};
use crate::render::{Judged, cause};
use crate::store::{ProbeEntry, Store};

/// A root cause, whom its remedy is about, and the probes it explains, as the store knows them.
pub struct Case<'a> {
    cause: &'a cause::Case,
    concern: Concern<'a>,
    explained: Vec<&'a ProbeEntry>,
}

impl<'a> Case<'a> {
    /// Looks up what the cause explains.
    pub fn new(cause: &'a cause::Case, judged: &'a [Judged<'a>], store: &'a Store) -> Self {
        let explained = cause.explains.iter().filter_map(|probe| store.probe(probe)).collect();
        Self { cause, concern: cause.concern(judged), explained }
    }

    /// When the first of what it explains began to fail, and whether it may have failed before we looked.
    pub fn since(&self) -> Option<(SystemTime, bool)> {
        self.explained.iter().filter_map(|known| known.since()).min_by_key(|(at, _)| *at)
    }

    /// What it is, as a title.
    pub fn title(&self, lang: Lang) -> String {
        capital(self.cause.reason.text(lang).title)
    }

    /// The whole card; the only one has its title above it.
    pub fn card(&self, page: &mut String, number: Option<usize>, visitor: &Visitor<'_>, now: SystemTime) {
        let (lang, words) = (visitor.lang, words(visitor.lang));
        let text = self.cause.reason.text(lang);
        match number {
            None => page.push_str("<article class=\"card critical\" aria-labelledby=\"headline\">\n"),
            Some(number) => {
                let title = escaped(&self.title(lang));
                let _ = writeln!(page, "<article class=\"card critical\" aria-labelledby=\"cause-{number}\">");
                let _ = writeln!(page, "<h2 id=\"cause-{number}\">{number}. {title}</h2>");
            }
        }
        let _ = write!(page, "<dl class=\"key\">\n<div><dt>{}</dt><dd>{}</dd></div>\n", words.broken, self.place(lang));
        if let Some(since) = self.since() {
            let _ = writeln!(page, "<div><dt>{}</dt><dd>{}</dd></div>", words.since, told_since(since, now, lang));
        }
        let owner = capital(tongue::owner(self.cause.reason.owner(), lang));
        let _ = write!(page, "<div><dt>{}</dt><dd>{owner}</dd></div>\n</dl>\n", words.acts);
        let _ = writeln!(page, "<p>{}</p>", prose(&self.concern.meaning(text, lang)));
        let level = if number.is_some() { Level::BelowTitle } else { Level::BelowHeadline };
        steps(page, self.cause.reason, &steps_of(&self.concern, text, lang), lang, level);
        self.reservations(page, visitor);
        self.folded(page, number.unwrap_or(1), visitor, now);
        page.push_str("</article>\n");
    }

    /// A line of the banner: what it is, who must act, since when.
    pub fn line(&self, number: usize, visitor: &Visitor<'_>, now: SystemTime) -> String {
        let owner = tongue::owner(self.cause.reason.owner(), visitor.lang);
        let since =
            self.since().map(|since| format!(" · {} {}", words(visitor.lang).since, told_since(since, now, visitor.lang)));
        let title = escaped(&self.title(visitor.lang));
        format!("<a href=\"#cause-{number}\">{title}</a><br><small>{owner}{}</small>", since.unwrap_or_default())
    }

    /// What is broken: the tenant, its checks, and the mailboxes whose checks are the same together.
    fn place(&self, lang: Lang) -> String {
        let mut groups: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
        for of_one in self.cause.explains.chunk_by(|one, other| one.mailbox == other.mailbox) {
            let checks: Vec<&str> = of_one.iter().map(|probe| probe.check.name()).collect();
            let mailbox = of_one.first().and_then(|probe| probe.mailbox.as_deref());
            match groups.iter_mut().find(|(same, mailboxes)| *same == checks && !mailboxes.is_empty()) {
                Some((_, mailboxes)) => mailboxes.extend(mailbox),
                None => groups.push((checks, mailbox.into_iter().collect())),
            }
        }
        let mut told = format!("<strong>{}</strong>", escaped(&self.cause.tenant));
        for (checks, mailboxes) in groups {
            let _ = write!(told, "<br>{}{}", escaped(&named_few(&mailboxes, lang)), checks.join(", "));
        }
        told
    }

    /// How sure it is, and what else it may be.
    fn reservations(&self, page: &mut String, visitor: &Visitor<'_>) {
        let (lang, words) = (visitor.lang, words(visitor.lang));
        let sure = tongue::confidence(self.cause.confidence, lang);
        let _ = write!(page, "<dl class=\"small\">\n<div><dt>{}</dt><dd>{}</dd></div>\n", words.sure, escaped(sure));
        if !self.cause.candidates.is_empty() {
            let perhaps: Vec<String> = self.cause.candidates.iter().map(|reason| named(*reason, visitor)).collect();
            let _ = writeln!(page, "<div><dt>{}</dt><dd>{}</dd></div>", words.perhaps, perhaps.join(", "));
        }
        let _ = writeln!(page, "<div><dt>{}</dt><dd>{}</dd></div>", words.reason, code(self.cause.reason, visitor));
        page.push_str("</dl>\n");
    }

    /// What was seen, and every check that fails for it.
    fn folded(&self, page: &mut String, number: usize, visitor: &Visitor<'_>, now: SystemTime) {
        let words = words(visitor.lang);
        if self.cause.evidence != Evidence::default() {
            let _ = writeln!(page, "<details id=\"evidence-{number}\"><summary>{}</summary>", words.evidence);
            pairs(page, &evidenced(&self.cause.evidence, &whole(visitor.lang)));
            page.push_str("</details>\n");
        }
        let summary = match self.explained.len() {
            1 => words.affected_one.to_owned(),
            count => with(words.affected, [count]),
        };
        let _ = writeln!(page, "<details id=\"affected-{number}\"><summary>{summary}</summary>");
        table::failing(page, &self.explained, visitor, now);
        page.push_str("</details>\n");
    }
}

/// `praxis, labor and 3 more: `; of the tenant itself, nothing.
fn named_few(mailboxes: &[&str], lang: Lang) -> String {
    const FEW: usize = 3;
    let named = mailboxes.iter().take(FEW).copied().collect::<Vec<_>>().join(", ");
    match mailboxes.len().checked_sub(FEW) {
        None if mailboxes.is_empty() => String::new(),
        Some(more @ 1..) => with(words(lang).and_more, [named, more.to_string()]) + ": ",
        _ => named + ": ",
    }
}

/// What stands above a small heading: the order of headings is how a screen reader finds its way.
#[derive(Clone, Copy, Debug)]
pub enum Level {
    /// The page's own.
    BelowHeadline,
    /// A section's or a card's.
    BelowTitle,
}

impl Level {
    const fn tags(self) -> (&'static str, &'static str) {
        match self {
            Self::BelowHeadline => ("<h2 class=\"minor\">", "</h2>"),
            Self::BelowTitle => ("<h3>", "</h3>"),
        }
    }
}

/// A step as its pieces stand on the page: each command in a line of its own.
fn pasteable(step: &[Part]) -> String {
    let piece = |part: &Part| match part {
        Part::Prose(text) => prose(text),
        Part::Command(command) => format!("<code class=\"command\">{}</code>", escaped(command)),
        Part::More(more) => format!("<span class=\"small\">… (+{more})</span>"),
    };
    step.iter().map(piece).collect::<Vec<_>>().join(" ")
}

/// A reason's steps for whom they concern.
pub fn steps_of(concern: &Concern<'_>, text: &Text, lang: Lang) -> Vec<String> {
    concern.steps(text, lang).iter().map(|step| pasteable(step)).collect()
}

/// What to do, step by step, and how long that takes.
pub fn steps(page: &mut String, reason: Reason, told: &[String], lang: Lang, level: Level) {
    let (text, words) = (reason.text(lang), words(lang));
    let (begin, end) = level.tags();
    let _ = write!(page, "{begin}{}{end}\n<ol class=\"steps\">\n", words.to_do);
    for step in told {
        let _ = writeln!(page, "<li>{step}</li>");
    }
    page.push_str("</ol>\n");
    if let Some(applies) = text.applies {
        let _ = writeln!(page, "<p>{}: {}</p>", words.applies, prose(applies));
    }
}

/// `14:02:10 UTC, for 12 minutes`; of what was broken when we first looked, nobody knows since when.
pub fn told_since((at, before): (SystemTime, bool), now: SystemTime, lang: Lang) -> String {
    let words = words(lang);
    let least = if before { format!("{} ", words.at_least) } else { String::new() };
    let lasting = with(words.for_time, [lasting(at, now, lang)]);
    format!("<strong>{least}{}</strong>, {}", clock(at, now), escaped(&lasting))
}

/// A reason's title, as a link to what there is to know of it.
pub fn named(reason: Reason, visitor: &Visitor<'_>) -> String {
    let to = visitor.link("/reasons", reason.code());
    format!("<a href=\"{to}\">{}</a>", escaped(reason.text(visitor.lang).title))
}

/// A reason's code, as a link to what there is to know of it.
pub fn code(reason: Reason, visitor: &Visitor<'_>) -> String {
    format!("<a href=\"{}\"><code>{reason}</code></a>", visitor.link("/reasons", reason.code()))
}

/// Names and values.
pub fn pairs(page: &mut String, pairs: &[(String, String)]) {
    page.push_str("<dl class=\"pairs\">\n");
    for (name, value) in pairs {
        let _ = writeln!(page, "<div><dt>{}</dt><dd>{}</dd></div>", escaped(name), escaped(value));
    }
    page.push_str("</dl>\n");
}

/// Evidence and what was learnt, in the words of `lang` and whole.
pub fn whole(lang: Lang) -> Look {
    Look { lang, everything: true, ..Look::default() }
}

/// A probe's name, as a link to its page.
pub fn probe_link(id: &ProbeId, shown: &str, visitor: &Visitor<'_>) -> String {
    format!("<a href=\"{}\">{}</a>", visitor.probe(id), escaped(shown))
}
