import { describe, expect, test } from "vitest";
import { UsageError } from "../errors.ts";
import { compilePatterns } from "./patterns.ts";

/** [patterns, paths that are meant, paths that aren't] */
type Row = [patterns: string[], meant: string[], not: string[]];

function check([patterns, meant, not]: Row, covers?: "all"): void {
  const matches = compilePatterns(patterns, covers ? { covers } : {});
  const all = [...meant, ...not];
  expect(all.filter(matches)).toEqual(meant);
}

describe("single wildcards", () => {
  test.each<Row>([
    [["*.json"], ["a.json", "x/y/a.json", ".json", ".a.json"], ["a.jsonl", "json", "a.json.gz"]],
    [["*"], ["a", ".a", "x/y", "a b"], []],
    [["a*"], ["a", "abc", "x/ab"], ["b", "ba"]],
    [["x/*"], ["x/a", "x/.a"], ["a", "y/a", "x/y/a"]],
    [["*/a"], ["x/a", ".x/a"], ["a", "x/y/a", "x/b"]],
    [["x*/a"], ["x/a", "xy/a"], ["x/b/a", "yx/a"]],
    [["a?c"], ["abc", "a.c", "x/aéc"], ["ac", "abbc", "a/c"]],
    [["x?y/a"], ["x.y/a"], ["x/y/a"]],
    [["sample_???.fasta"], ["sample_001.fasta"], ["sample_01.fasta", "sample_0001.fasta"]],
    [["*.tar.*"], ["a.tar.gz", "b/.tar.xz"], ["a.tar", "atar.gz"]],
  ])("%j", (...row) => check(row));
});

describe("double wildcards", () => {
  test.each<Row>([
    [["**"], ["a", "x/y/z", ".a"], []],
    [["**/a"], ["a", "x/a", "x/y/a"], ["ab", "x/ba"]],
    [["x/**"], ["x/a", "x/y/z", "x/.a"], ["x", "xy/a", "y/x/a"]],
    [["x/**/a"], ["x/a", "x/y/a", "x/y/z/a"], ["a", "x/ab", "y/x/a"]],
    [["**/x/**"], ["x/a", "y/x/a/b"], ["x", "xx/a"]],
    [["x/**/*.json"], ["x/a.json", "x/y/.z/a.json"], ["a.json", "x/a.txt"]],
    [["x**y"], ["xy", "xaby", "d/xy"], ["x/y", "x/a/y"]],
    [["**/*.log"], ["a.log", "x/y/a.log"], ["a.logs"]],
  ])("%j", (...row) => check(row));
});

describe("sets", () => {
  test.each<Row>([
    [["[ab].txt"], ["a.txt", "x/b.txt"], ["c.txt", "ab.txt", "[ab].txt"]],
    [["[a-c]1"], ["a1", "c1"], ["d1", "-1"]],
    [["[!a-c]1"], ["d1", "-1", "x/é1"], ["a1", "1"]],
    [["[^a]1"], ["b1"], ["a1"]],
    [["[]a]1"], ["]1", "a1"], ["[1"]],
    [["[a-]1"], ["a1", "-1"], ["b1"]],
    [["[[:digit:]]x"], ["1x"], ["ax", ":x"]],
    [["[[:alpha:]_]*"], ["a1", "_x"], ["1a"]],
    [["x[!a]y/z"], ["xby/z"], ["xay/z", "x/y/z"]],
    [["\\[ab\\]"], ["[ab]"], ["a", "b"]],
  ])("%j", (...row) => check(row));
});

describe("braces", () => {
  test.each<Row>([
    [["*.{json,tsv}"], ["a.json", "x/a.tsv"], ["a.txt", "a.{json,tsv}"]],
    [["{a,b}/c"], ["a/c", "b/c"], ["c", "x/a/c"]],
    [["{results,auspice/*.json}"], ["results", "x/results", "auspice/a.json"], ["y/auspice/a.json"]],
    [["s{1..3}"], ["s1", "s3"], ["s4", "s0"]],
    [["{a}"], ["{a}"], ["a"]],
    [["a{b"], ["a{b"], ["ab"]],
    [["x{,.gz}"], ["x", "x.gz"], ["x.g"]],
  ])("%j", (...row) => check(row));
});

describe("groups", () => {
  test.each<Row>([
    [["@(a|b).txt"], ["a.txt", "x/b.txt"], ["ab.txt", ".txt", "c.txt"]],
    [["+(ab)c"], ["abc", "ababc"], ["c", "abac"]],
    [["*(ab)c"], ["c", "ababc"], ["abac"]],
    [["?(ab)c"], ["c", "abc"], ["ababc"]],
    [["!(a|b).txt"], ["c.txt", "abc.txt", "ab.txt", ".txt"], ["a.txt", "b.txt", "c.csv"]],
    [["!(*.json)"], ["a.txt", "x/a.txt", "json"], ["a.json", "x/a.json"]],
    [["x/!(a)"], ["x/b", "x/ab"], ["x/a", "a", "y/b"]],
    [["!(a)/x"], ["ab/x", "b/x"], ["a/x", "b/a/x", "x"]],
    [["!(a|b)/!(c).txt"], ["c/d.txt", "ab/cc.txt"], ["a/d.txt", "d/c.txt", "c/d.csv"]],
    [["@(a|!(b))x"], ["ax", "cx"], ["bx"]],
    [["data_@([0-9]|1[0-2]).tsv"], ["data_7.tsv", "data_12.tsv"], ["data_13.tsv"]],
    [["**/@(logs|benchmarks)/*"], ["logs/a", "x/benchmarks/a"], ["a", "logs/x/a"]],
  ])("%j", (...row) => check(row));
});

describe("negation", () => {
  test.each<Row>([
    [["!*.json"], ["a.txt", "x/a"], ["a.json", "x/a.json"]],
    [["!a", "!b"], ["c"], ["a", "b", "x/a"]],
    [
      ["*.json", "!a*"],
      ["b.json", "x/b.json"],
      ["a.json", "b.txt"],
    ],
    [["!a*", "*.json"], ["b.json"], ["a.json", "b.txt"]],
    [
      ["results", "!results/keep.txt"],
      ["results/a", "results/x/keep.txt"],
      ["results/keep.txt", "a"],
    ],
    [
      ["*", "!results/"],
      ["a", "x/a", "results"],
      ["results/a", "x/results/a"],
    ],
    [["!!a"], ["a"], ["b"]],
    [["!!(a)"], ["a"], ["b"]],
    [["\\!a"], ["!a"], ["a", "b"]],
    [["!x/*.json"], ["a.json", "x/y/a.json"], ["x/a.json"]],
    [[], [], ["a", ""]],
  ])("%j", (...row) => check(row));
});

describe("places", () => {
  test.each<Row>([
    [["/a"], ["a", "a/b"], ["x/a"]],
    [["./a"], ["a"], ["x/a"]],
    [["./x/./y//z"], ["x/y/z"], ["y/z"]],
    [["x/a"], ["x/a"], ["a", "y/x/a", "X/a"]],
    [["a"], ["a", "x/a", "x/a/b"], ["ab", "A"]],
    [["a/"], ["a/", "a/b", "x/a/b/c"], ["a", "x/a"]],
    [["x/a/"], ["x/a/", "x/a/b"], ["x/a", "y/x/a/b"]],
    [["x/a"], ["x/a/", "x/a/b", "x/a/b/"], ["x/ab"]],
    [["*/a"], ["x/a", "x/a/b"], ["a/b"]],
  ])("%j", (...row) => check(row));
});

describe("characters that are special elsewhere mean themselves", () => {
  test.each<Row>([
    [["sample(1).txt"], ["sample(1).txt"], ["sample1.txt"]],
    [["a+.txt"], ["a+.txt"], ["aa.txt"]],
    [["a.b"], ["a.b"], ["axb"]],
    [["a|b$^"], ["a|b$^"], ["a"]],
    [['"*"'], ['"a"', '""'], ["a", "*"]],
    [["d'Ivoire*"], ["d'Ivoire.tsv"], ["dIvoire.tsv"]],
    [["a]b)c}"], ["a]b)c}"], []],
    [["#a~%,;=&"], ["#a~%,;=&"], ["a"]],
    [["naïve_日本*"], ["naïve_日本語.txt"], ["naive_日本語.txt"]],
    [["a b"], ["a b", "x/a b"], ["ab"]],
    [["\\*"], ["*", "x/*"], ["a"]],
    [["a\\?b"], ["a?b"], ["axb"]],
    [["a@b!c"], ["a@b!c"], ["ab"]],
    [["ab\n*"], ["ab\nc"], ["ab"]],
  ])("%j", (...row) => check(row));
});

describe("what is below a directory that a pattern with wildcards matches", () => {
  test.each<Row>([
    [["tmp*"], ["tmp1", "x/tmp2"], ["tmp1/a"]],
    [["data/*"], ["data/a"], ["data/x/a"]],
    [["data*/"], ["data1/a", "data1/x/a", "data1/"], ["data1"]],
  ])("%j covers nothing, unless it ends with a slash", (...row) => check(row));

  test.each<Row>([
    [["tmp*"], ["tmp1", "x/tmp2", "tmp1/a", "x/tmp1/y/a"], ["a"]],
    [["data/*"], ["data/a", "data/x/a"], ["data/"]],
    [["data/**"], ["data/a", "data/x/a"], ["data/"]],
    [["data/x*/y"], ["data/x1/y/a"], ["data/x1/a"]],
    [["!(*.json)"], ["a.txt", "x/a.txt"], ["x/a.json", "x/y/a.json"]],
    [["*", "!data/*"], ["a"], ["data/a", "data/x/a"]],
    [["tmp*", "!*.json"], ["tmp1/a"], ["tmp1/a.json"]],
  ])("%j covers it where exclusion is asked for", (...row) => check(row, "all"));
});

describe("a malformed pattern is the user's mistake, named", () => {
  test.each([
    "",
    "!",
    "/",
    "a[",
    "[",
    "[]",
    "[!]",
    "[z-a]",
    "@(a",
    "!(a|b",
    "a\\",
    "../a",
    "x/../a",
    "a\0b",
    "{1..99999}",
  ])("%j", (pattern) => {
    expect(() => compilePatterns(["ok", pattern])).toThrow(UsageError);
    expect(() => compilePatterns([pattern])).toThrow(`“${pattern}”`);
  });
});
