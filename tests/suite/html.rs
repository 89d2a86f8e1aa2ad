//! The page of `explain --format html`: whole without a network, well formed, and nothing in a plan is
//! markup. Python's parser reads it.

use std::collections::BTreeSet;

use serde_json::Value;
use testkit::{example, tool};

use crate::cutover;

/// Tags, ids, links and texts of a page; unclosed and crossed elements are errors.
const READER: &str = r#"
import html.parser, json, sys
VOID = {'meta', 'input', 'br', 'rect', 'path'}
class Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.links, self.attributes, self.texts, self.tags = [], [], [], [], [], []
    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        for name, value in attrs:
            if name == 'id': self.ids.append(value)
            if name in ('href', 'src'): self.links.append(value)
        if tag not in VOID: self.open.append(tag)
    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID: self.open.pop()
    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, (tag, self.getpos())
    def handle_data(self, text):
        if self.open and self.open[-1] not in ('style', 'script'): self.texts.append(text)
r = Reader()
r.feed(open(sys.argv[1], encoding='utf-8').read())
r.close()
assert not r.open, r.open
assert len(r.ids) == len(set(r.ids)), 'an id twice'
print(json.dumps({'ids': r.ids, 'links': r.links, 'attributes': r.attributes,
                  'text': ' '.join(r.texts), 'tags': r.tags}))
"#;

fn read(page: &str) -> Value {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), page).unwrap();
    let read = tool("python3", &["-c", READER, &file.path().to_string_lossy()]);
    serde_json::from_str(&read).unwrap()
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect()
}

#[test]
fn the_page_shows_every_step_and_needs_nothing_else() {
    for name in ["quickstart", "shop-postgres", "fleet"] {
        let (_keep, plan) = example(name);
        let run = |format: &str| {
            cutover().run(&plan, &["explain", "plan.yaml", "--format", format]).expect(0).stdout
        };
        let page = run("html");
        assert!(!page.contains("http:") && !page.contains("https:"), "{name}: no network");
        assert!(!page.contains("url(") && !page.contains("@import"), "{name}: no other file");
        let read = read(&page);
        let ids: BTreeSet<&str> = strings(&read["ids"]).into_iter().collect();
        for link in strings(&read["links"]) {
            let id = link.strip_prefix('#').unwrap_or_else(|| panic!("{name}: {link} leads out"));
            assert!(ids.contains(id), "{name}: {link} leads nowhere");
        }
        let json: Value = serde_json::from_str(&run("json")).unwrap();
        let text = read["text"].as_str().unwrap();
        for step in json["explanation"]["steps"].as_array().unwrap() {
            let (number, id) = (&step["number"], step["id"].as_str().unwrap());
            assert!(ids.contains(format!("step-{number}").as_str()), "{name}: {id}");
            assert!(text.contains(id), "{name}: {id}");
            if let Some(sql) = step["sql"].as_str() {
                assert!(text.contains(sql.trim()), "{name}: SQL of {id}");
            }
        }
        let count = json["explanation"]["steps"].as_array().unwrap().len();
        let nodes = strings(&read["attributes"]).iter().filter(|it| **it == "data-step").count();
        assert_eq!(nodes, count, "{name}: each step is drawn once");
    }
}

/// Follows each line in small steps and counts those that a box or a band hides: lines end at their
/// edges. Also counts lines.
const HIDDEN: &str = r#"
import re, sys
page = open(sys.argv[1], encoding='utf-8').read()
def curve(p, q):
    for i in range(65):
        t = i / 64
        k = ((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t * t, t ** 3)
        yield tuple(sum(k[j] * (p, *q)[j][axis] for j in range(4)) for axis in (0, 1))
def points(way):
    at = None
    for letter, numbers in re.findall(r'([MVC])([^MVC]*)', way):
        n = [float(it) for it in numbers.split()]
        if letter == 'V': n = [at[0], at[1], at[0], n[0], at[0], n[0]]
        if len(n) == 6: yield from curve(at, list(zip(n[::2], n[1::2])))
        at = n[-2:]
rects = [tuple(float(it) for it in found) for found in re.findall(
    r'<rect class="(?:box|band)" x="([^"]+)" y="([^"]+)" width="([^"]+)" height="([^"]+)"', page)]
ways = re.findall(r'<path data-from[^>]* d="([^"]+)"', page)
hidden = sum(any(x < u < x + w and y < v < y + h for x, y, w, h in rects for u, v in points(way))
             for way in ways)
print(len(ways), hidden)
"#;

#[test]
fn no_line_of_the_graph_runs_behind_a_box() {
    for name in ["quickstart", "shop-postgres", "fleet"] {
        let (keep, plan) = example(name);
        let page = cutover().run(&plan, &["explain", "plan.yaml", "--format", "html"]).expect(0);
        let file = keep.path().join("page.html");
        std::fs::write(&file, page.stdout).unwrap();
        let read = tool("python3", &["-c", HIDDEN, &file.to_string_lossy()]);
        let figures: Vec<usize> = read.split_whitespace().map(|it| it.parse().unwrap()).collect();
        assert!(figures[0] > 20, "{name}: lines are found");
        assert_eq!(figures[1], 0, "{name}: lines behind boxes");
    }
}

#[test]
fn nothing_in_a_plan_is_markup() {
    let folder = tempfile::tempdir().unwrap();
    let evil = "</code></pre><script>alert(1)</script><img src=x onerror=alert(2)>\" onload=\"x";
    let write = |file: &str, text: &str| std::fs::write(folder.path().join(file), text).unwrap();
    write("schema.sql", "create table t (id integer not null primary key);\n");
    write(
        "plan.yaml",
        &format!(
            "cutover: 1\nname: shop\ndescription: '{evil}'\nsources: {{ shop: \"a'{evil1}.db\" }}\n\
             target: {{ sqlite: out/new.db }}\nbaseline: schema.sql\n\
             components: {{ include: [schema.sql] }}\nchecks:\n  staged:\n    - name: '{evil}'\n      \
             sql: \"select 1 from t where '{evil1}' = id\"\n",
            evil1 = evil.replace('"', "")
        ),
    );
    let page = cutover().run(folder.path(), &["explain", "plan.yaml", "--format", "html"]);
    let page = page.expect(0).stdout;
    let read = read(&page);
    let tags = strings(&read["tags"]);
    assert_eq!(tags.iter().filter(|tag| **tag == "script").count(), 1, "the page's own");
    assert!(!tags.contains(&"img"), "{tags:?}");
    let attributes = strings(&read["attributes"]);
    assert!(!attributes.iter().any(|name| name.starts_with("on")), "{attributes:?}");
    assert!(read["text"].as_str().unwrap().contains("<img src=x onerror=alert(2)>"));
}
