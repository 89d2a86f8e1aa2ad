//! A compiled plan as one HTML page that needs no network: the graph, then every step with its SQL,
//! locks, exposure and reasons. Everything that comes from the plan is escaped, and the page forbids
//! itself to load anything.

mod layout;
mod routes;
mod svg;

use std::fmt::Write as _;

use compiler::{ExplainedStep, Explanation};
use ir::{CompiledPlan, Digest};

use super::measured::Measured;
use crate::ui;
use crate::ui::figures::{duration, rows};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page, as the bytes of a file.
pub(super) fn render(plan: &CompiledPlan, digest: &Digest, measured: &Measured) -> String {
    let explanation = Explanation::of(plan);
    let mut out = head(plan);
    out.push_str("<body>\n");
    out.push_str(&title(plan, digest, &explanation, measured));
    out.push_str(&toolbar(&explanation));
    let _ = write!(
        out,
        "<main>\n<section aria-labelledby=\"order\"><h2 id=\"order\">Order</h2>\n{}\
         <div class=\"graph\" tabindex=\"0\">\n{}</div></section>\n",
        legend(),
        svg::draw(&explanation)
    );
    out.push_str("<section aria-labelledby=\"steps\"><h2 id=\"steps\">Steps</h2>\n");
    out.push_str(&stages(&explanation, measured));
    out.push_str("<p id=\"none\" hidden>No step matches.</p></section>\n</main>\n");
    let _ = write!(
        out,
        "<footer>cutover {} · the digest stands for every byte of this plan; \
         <code>cutover run --expect</code> runs nothing else</footer>\n\
         <script>{SCRIPT}</script>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION")
    );
    out
}

fn head(plan: &CompiledPlan) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n\
         <title>{} · cutover</title>\n<style>{STYLE}</style>\n</head>\n",
        escaped(&plan.name)
    )
}

fn title(
    plan: &CompiledPlan,
    digest: &Digest,
    explanation: &Explanation,
    measured: &Measured,
) -> String {
    let mut out = format!("<header>\n<h1>{}</h1>\n", escaped(&plan.name));
    if let Some(description) = &plan.description {
        let _ = writeln!(out, "<p class=\"lead\">{}</p>", escaped(description));
    }
    let sources = plan.sources.iter().map(|it| format!("{}: {}", it.name, it.paths.join(", ")));
    let mut facts = vec![
        ("Target", ui::plan::target(&plan.target)),
        ("Sources", sources.collect::<Vec<_>>().join("; ")),
        ("Builds", ui::plan::components(plan)),
        ("Baseline", plan.baseline.file.clone()),
    ];
    facts.extend(measured.of().map(|run| ("Measured", run)));
    out.push_str("<dl>\n");
    for (word, value) in facts {
        let _ = writeln!(out, "<div><dt>{word}</dt><dd>{}</dd></div>", escaped(&value));
    }
    for (word, value) in [("Strategy", &explanation.strategy), ("Digest", &digest.to_string())] {
        let _ = writeln!(
            out,
            "<div class=\"wide {0}\"><dt>{word}</dt><dd>{1}</dd></div>",
            word.to_lowercase(),
            escaped(value)
        );
    }
    out + "</dl>\n</header>\n"
}

fn toolbar(explanation: &Explanation) -> String {
    format!(
        "<nav class=\"bar\"><label><span class=\"hidden\">Search the steps</span>\
         <input id=\"search\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\" \
         placeholder=\"Search steps, SQL, tables (press /)\"></label>\
         <output id=\"count\" for=\"search\">{}</output>\
         <button id=\"theme\" type=\"button\" aria-label=\"Dark or light\">◐</button></nav>\n",
        diagnostics::plural(explanation.steps.len(), "step")
    )
}

/// The kinds of steps with their words; the names are classes of the style.
const KINDS: [(&str, &str); 6] = [
    ("safe", "safeguard"),
    ("build", "build"),
    ("data", "data"),
    ("own", "own SQL"),
    ("proof", "proof"),
    ("cutover", "cutover"),
];

fn legend() -> String {
    let items = KINDS.iter().map(|(class, word)| format!("<li class=\"{class}\">{word}</li>"));
    format!("<ul class=\"legend\">{}</ul>\n", items.collect::<String>())
}

/// What sort of work a step is; its id begins with the name of its action.
fn kind(step: &ExplainedStep) -> &'static str {
    let verb = step.id.split('/').next().unwrap_or_default();
    match verb {
        "preflight" | "backup" | "backup-target" | "create-staging" | "settle" => "safe",
        "load" | "set-sequences" | "analyze" => "data",
        "sql" => "own",
        "check" | "invariant" | "verify-rows" | "verify-catalog" => "proof",
        _ if verb == "promote" || step.transaction == "promote" => "cutover",
        _ => "build",
    }
}

fn stages(explanation: &Explanation, measured: &Measured) -> String {
    let mut out = String::new();
    for stage in &explanation.stages {
        let steps: Vec<&ExplainedStep> =
            explanation.steps.iter().filter(|step| step.stage == *stage).collect();
        let _ = write!(
            out,
            "<div class=\"stage\">\n<h3>{} <small>{}</small></h3>\n",
            escaped(stage),
            diagnostics::plural(steps.len(), "step")
        );
        for step in steps {
            out.push_str(&article(explanation, step, measured));
        }
        out.push_str("</div>\n");
    }
    out
}

fn article(explanation: &Explanation, step: &ExplainedStep, measured: &Measured) -> String {
    let mut out = format!(
        "<article class=\"{}\" id=\"step-{}\">\n<h4><span class=\"number\">{}</span>\
         <span class=\"id\">{}</span><span class=\"origin\">{}</span></h4>\n",
        kind(step),
        step.number,
        step.number,
        escaped(&step.id),
        escaped(&step.origin),
    );
    let _ = writeln!(out, "<p class=\"what\">{}</p>", escaped(&step.what));
    out.push_str(&facts(step, measured));
    if let Some(sql) = &step.sql {
        let _ = writeln!(out, "<pre tabindex=\"0\"><code>{}</code></pre>", escaped(sql.trim()));
    }
    if !step.details.is_empty() {
        let items = step.details.iter().map(|text| format!("<li>{}</li>", escaped(text)));
        let _ = writeln!(out, "<ul class=\"details\">{}</ul>", items.collect::<String>());
    }
    for hazard in &step.hazards {
        let _ = writeln!(out, "<p class=\"hazard\">{}</p>", escaped(hazard));
    }
    out.push_str(&needs(explanation, step));
    out + "</article>\n"
}

/// What is not so is not shown: a step without locks has no line about them.
fn facts(step: &ExplainedStep, measured: &Measured) -> String {
    let mut facts = Vec::new();
    if !step.locks.is_empty() {
        facts.push(("Locks", step.locks.join("; ")));
    }
    if step.blocks != "nothing" {
        facts.push(("Blocks", step.blocks.clone()));
    }
    facts.push(("Transaction", step.transaction.clone()));
    facts.push(("Seen by", step.exposure.clone()));
    let found = measured.step(&step.id);
    facts.extend(found.rows.map(|count| ("Rows", rows(count))));
    facts.extend(found.elapsed.map(|time| ("Time", duration(time))));
    let items = facts
        .iter()
        .map(|(word, value)| format!("<div><dt>{word}</dt><dd>{}</dd></div>", escaped(value)));
    format!("<dl class=\"facts\">{}</dl>\n", items.collect::<String>())
}

fn needs(explanation: &Explanation, step: &ExplainedStep) -> String {
    if step.needs.is_empty() {
        return String::new();
    }
    let items = step.needs.iter().map(|edge| {
        let number = explanation.steps.iter().find(|other| other.id == edge.step);
        let target = number.map(|other| format!(" href=\"#step-{}\"", other.number));
        format!(
            "<li><a{}>{}</a> {}</li>",
            target.unwrap_or_default(),
            escaped(&edge.step),
            escaped(&edge.reason)
        )
    });
    format!(
        "<details><summary>waits for {}</summary><ul>{}</ul></details>\n",
        diagnostics::plural(step.needs.len(), "step"),
        items.collect::<String>()
    )
}

/// Text and quoted attribute values of HTML; characters that would steer a reader's eye (controls,
/// and the overrides of writing direction, Unicode's "Bidirectional Algorithm", 2.2) are shown as such.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_of_a_plan_is_markup() {
        assert_eq!(escaped("<b a='\"'>&"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;");
        assert_eq!(escaped("a\u{202e}b\u{1b}\n"), "a\u{fffd}b\u{fffd}\n");
    }
}
