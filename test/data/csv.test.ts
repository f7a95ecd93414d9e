import { describe, expect, test } from "vitest";
import { csvColumns } from "../../src/data/csv.ts";
import { csv } from "../../src/data/index.ts";
import { placeAmong } from "../../src/data/targets.ts";
import { fit as minimize } from "../../src/index.ts";
import { Random } from "../../src/random.ts";
import { leastTime } from "../reference/least-time.ts";

const code = (expected: string, message?: RegExp) =>
  expect.objectContaining({ code: expected, ...(message ? { message: expect.stringMatching(message) } : {}) });

describe("a CSV is read right whatever wrote it", () => {
  const plain = "a,b,kind\n1,2.5,x\n-3,4e-1,y\n";
  const variants: Record<string, string> = {
    plain,
    CRLF: plain.replaceAll("\n", "\r\n"),
    "byte order mark": `\ufeff${plain}`,
    semicolons: plain.replaceAll(",", ";"),
    tabs: plain.replaceAll(",", "\t"),
    quotes: '"a","b","kind"\n"1","2.5","x"\n"-3","4e-1","y"\n',
    "no line end": plain.trimEnd(),
    "empty lines": `${plain}\n\n`,
    "empty lines first, semicolons": `\ufeff\r\n\n${plain.replaceAll(",", ";")}`,
    spaces: "a, b , kind\n1, 2.5, x\n-3 ,4e-1,y \n",
  };
  test.each(Object.entries(variants))("%s", async (_, text) => {
    const data = await csv(text, { target: "kind" });
    expect(data).toMatchObject({ rows: 2, columns: 2, y: ["x", "y"], columnNames: ["a", "b"] });
    expect(Array.from(data.x.values)).toEqual([1, 2.5, -3, 0.4]);
  });

  test("gzipped bytes", async () => {
    const stream = new Blob([plain]).stream().pipeThrough(new CompressionStream("gzip"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    expect(await csv(bytes, { target: "kind" })).toEqual(await csv(plain, { target: "kind" }));
  });

  test("carriage returns alone, in bytes and as text", async () => {
    const text = plain.replaceAll("\n", "\r");
    for (const source of [text, new TextEncoder().encode(text)]) {
      expect(await csv(source, { target: "kind" })).toEqual(await csv(plain, { target: "kind" }));
    }
  });

  test("line ends are the same with a quote in the file and without one, mixed too", async () => {
    for (const ends of [
      ["\n", "\r\n"],
      ["\r\n", "\n"],
      ["\r", "\n"],
      ["\r", "\r"],
    ]) {
      const lines = ["a,b,kind", "1,2,p", "3,4,q", "5,6,p"];
      const text = lines.map((line, i) => line + ends[i % 2]).join("");
      const read = await csv(text, { target: "kind" });
      expect(read).toMatchObject({ rows: 3, y: ["p", "q", "p"] });
      expect(await csv(text.replace("2", '"2"'), { target: "kind" })).toEqual(read);
      expect(await csv(text.replace("q", '"q"'), { target: "kind" })).toEqual(read);
    }
  });

  test("the delimiter is told from the first line, whatever ends it and whatever the cells hold", async () => {
    for (const [delimiter, other] of [
      [",", ";"],
      [";", ","],
      ["\t", ","],
    ] as const) {
      const rows = [["a", "kind"], ["1", `x${other} y${other} z`], ["3", `u${other} v${other} w`]]; // biome-ignore format: a table
      for (const end of ["\n", "\r\n", "\r"]) {
        const text = rows.map((cells) => cells.join(delimiter) + end).join("");
        expect(await csv(text, { target: "kind" })).toMatchObject({
          rows: 2,
          columns: 1,
          y: rows.slice(1).map(([, y]) => y),
        });
      }
    }
  });

  test("the delimiter is told from the whole header, line breaks in its quotes too", async () => {
    for (const delimiter of [",", ";", "\t"]) {
      const text = `"a\n(cm, or so)"${delimiter}b${delimiter}kind\n1${delimiter}2${delimiter}x\n3${delimiter}4${delimiter}y\n`;
      expect((await csv(text, { target: "kind" })).columnNames).toEqual(["a\n(cm, or so)", "b"]);
    }
  });

  test("what reads like a missing value is no class among numbers", async () => {
    for (const odd of ["NA", "nan", "?", "-"]) {
      const read = csv(`a,t\n1,0\n2,1\n3,${odd}\n`, { target: "t" });
      await expect(read).rejects.toThrow(code("PARSE", /Line 4, column t: .* missing value/));
    }
    expect((await csv("a,t\n1,none\n2,some\n", { target: "t" })).y).toEqual(["none", "some"]);
  });

  test("thousands are no decimals", async () => {
    const read = (cell: string) => csv(`a,t\n"${cell}",0\n2,1\n`, { target: "t" });
    await expect(read("1,000")).rejects.toThrow(code("PARSE", /thousands without a comma/));
    await expect(read("1,5")).rejects.toThrow(code("PARSE", /decimals with a point/));
  });

  test("a quoted line break is data; cells such as =cmd() are data", async () => {
    const data = await csv('a,kind\n1,"two\nlines"\n2,"=cmd(""x"")"\n', { target: "kind" });
    expect(data.y).toEqual(["two\nlines", '=cmd("x")']);
  });

  test("numeric targets are numbers; weights, groups and ignored columns are no features", async () => {
    const data = await csv("id,a,w,site,t\n7,1,0.5,south,0\n8,2,1.5,north,1\n", {
      target: "t",
      weights: "w",
      groups: "site",
      ignore: ["id"],
    });
    expect(data.y).toEqual(Float64Array.of(0, 1));
    expect(data.columnNames).toEqual(["a"]);
    expect(Array.from(data.weights!)).toEqual([0.5, 1.5]);
    expect(Array.from(data.groups!)).toEqual([1, 0]);
    expect(data.groupNames).toEqual(["north", "south"]);
  });

  test("codes with leading zeros are labels, as they are written; numbers of other kinds are numbers", async () => {
    const target = async (...labels: string[]) => (await csv(`a,t\n1,${labels.join("\n1,")}\n`, { target: "t" })).y;
    expect(await target("007", "7", "10")).toEqual(["007", "7", "10"]);
    expect(await target("9007199254740992", "9007199254740993", "1")).toEqual([
      "9007199254740992",
      "9007199254740993",
      "1",
    ]);
    expect(await target("9007199254740991", "2")).toEqual(Float64Array.of(9007199254740991, 2));
    for (const labels of [
      ["0", "1"],
      ["0.5", "7"],
      ["00.5", "7"],
      ["-07", "7"],
    ]) {
      expect(await target(...labels)).toEqual(Float64Array.from(labels, Number));
    }
    const train = await csv("a,t\n1,07\n2,07\n3,10\n4,10\n", { target: "t" });
    const { model } = await minimize({ model: "logistic", train, loss: { l2: 0.1 } });
    expect(new Set(model.predict(train))).toEqual(new Set(["07", "10"]));
    // Another file of the same data may happen to hold no leading zero.
    const other = await csv("a,t\n1,10\n4,10\n", { target: "t" });
    expect(model.error(other, "error-rate")).toBeLessThan(1);
    await expect(minimize({ model: "squared", train, loss: { l2: 0.1 } })).rejects.toThrow(
      code("TYPE", /"07" .*leading zero/),
    );
  });

  test("labels that are numbers in one file are found where other labels make them text in another", async () => {
    const read = (labels: string[]) => csv(`a,t\n${labels.map((t, i) => `${i},${t}`).join("\n")}\n`, { target: "t" });
    for (const labels of [
      ["1.0", "2.0"],
      ["1e3", "-.5"],
      ["+1", "2."],
      ["1", "2"],
      ["01", "2"],
    ]) {
      const train = await read([...labels, "other", ...labels, "other"]);
      const { model } = await minimize({ model: "softmax", train, loss: { l2: 1e-3 } });
      const numbers = await read([...labels, ...labels]);
      const same = { ...numbers, y: [...labels, ...labels] };
      expect(model.error(numbers)).toBe(model.error(same));
    }
    const place = placeAmong(["007", "1", "1.0", "2.0", "2.00", "9007199254740993"]);
    expect([1, 2, 7, 9007199254740992].map(place)).toEqual([1, undefined, undefined, undefined]);
  });

  test("a column without a name, as pandas numbers rows, may be ignored", async () => {
    const data = await csv(",a,t\n0,1,0\n1,2,1\n", { target: "t", ignore: [""] });
    expect(data.columnNames).toEqual(["a"]);
  });

  test("columns without a name, as spreadsheets leave them at the right, and two of one name may be ignored", async () => {
    const data = await csv("a,c,t,c,,\n0,1,0,1,,\n1,2,1,2,,\n", { target: "t", ignore: ["", "c"] });
    expect(data.columnNames).toEqual(["a"]);
    expect((await csvColumns("c,a,c,,\n1,2,3,,\n", ["a"])).x.values).toEqual(Float64Array.of(2));
    await expect(csvColumns("c,a,c,,\n1,2,3,,\n", ["a", "c"])).rejects.toThrow(code("PARSE", /"c" twice/));
    const either = csv("a,c,c,t\n0,1,2,0\n", { target: "t", weights: "c", ignore: ["c"] });
    await expect(either).rejects.toThrow(code("PARSE", /"c" twice/));
  });

  test("a column called __proto__ is a column", async () => {
    const data = await csv("__proto__,t\n1,0\n2,1\n", { target: "t" });
    expect(data.columnNames).toEqual(["__proto__"]);
  });
});

describe("what cannot be read is said with its line", () => {
  const cases: [string, string | Uint8Array, string, RegExp][] = [
    ["a column without a name", ",a,t\n0,1,0\n1,2,1\n", "PARSE", /Line 1 gives column 1 no name.*ignore/],
    ["text in a number column", "a,t\n1,0\nred,1\n", "PARSE", /Line 3, column a/],
    ["an empty cell", "a,t\n1,0\n,1\n", "PARSE", /Line 3, column a: the cell is empty; fill it in, drop the row/],
    ["a missing value", "a,t\n1,0\nN/A,1\n", "PARSE", /Line 3, column a: "N\/A" is not a number; fill it in, drop/],
    ["a decimal comma", "a;t\n1;0\n1,5;1\n", "PARSE", /Line 3, column a: "1,5" is not a number; .*with a point/],
    ["hexadecimal", "a,t\n0x10,0\n", "PARSE", /Line 2/],
    ["ragged rows", "a,b,t\n1,2,0\n1,1\n", "SHAPE", /Line 3 has 2/],
    ["an open quote", 'a,t\n1,"x\n2,3\n', "PARSE", /CSV/],
    ["a NUL character", "a,t\n1,0\n\0,1\n", "PARSE", /Line 3/],
    ["Latin-1", Uint8Array.of(97, 44, 116, 10, 49, 44, 233, 10), "PARSE", /Line 2.*UTF-8/],
    ["UTF-16", Uint8Array.of(255, 254, 97, 0, 44, 0, 116, 0, 10, 0), "PARSE", /Line 1.*UTF-16/],
    ["damaged gzip", Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2, 3), "PARSE", /gzip/],
    ["a target that is not there", "a,b\n1,2\n", "OPTION", /columns are a, b/],
    ["a column named twice", "a,a,t\n1,2,0\n", "PARSE", /twice/],
    ["a header only", "a,t\n", "EMPTY", /no rows/],
    ["overflow", "a,t\n1e999,0\n", "NON_FINITE", /row 1/],
  ];
  test.each(cases)("%s", async (_, source, expected, message) => {
    await expect(csv(source, { target: "t" })).rejects.toThrow(code(expected, message));
  });

  test("the target is not the weights, too", async () => {
    await expect(csv("a,t\n1,0\n2,1\n", { target: "t", weights: "t" })).rejects.toThrow(code("OPTION", /target/));
  });

  test("long cells and lines take no longer than they are", async () => {
    const kinds = [
      (length: number) => `${"1".repeat(length)}x`,
      (length: number) => `1.${"1".repeat(length)}x`,
      (length: number) => `${"1".repeat(length)}.${"1".repeat(length)}x`,
    ];
    for (const cell of kinds) {
      const spent = async (length: number) => {
        const began = performance.now();
        await expect(csv(`a,t\n${cell(length)},1\n`, { target: "t" })).rejects.toThrow(code("PARSE", /Line 2/));
        return performance.now() - began;
      };
      // In proportion 8 times as long, by the square 64 times; browsers' clocks tell no less than 0.1 ms.
      const beyond = await leastTime(20, async () => (await spent(160_000)) - 24 * (await spent(20_000)));
      expect(beyond).toBeLessThan(20);
    }
    for (const line of ["1".repeat(2 ** 24 + 1), "1,".repeat(2 ** 23 + 1)]) {
      await expect(csv(`a,t\n1,0\n${line}\n`, { target: "t" })).rejects.toThrow(code("PARSE", /Line 3/));
    }
  });

  test("10⁴ random texts: read, or refused with a code", async () => {
    const random = new Random(11);
    const pieces = [
      "a",
      "t",
      ",",
      ",",
      "\n",
      "\n",
      "1",
      "2.5",
      '"',
      ";",
      "\r\n",
      " ",
      "é",
      "\0",
      "-",
      "1e5",
      "\t",
      "=x",
    ];
    let refused = 0;
    const astray: unknown[] = [];
    for (let i = 0; i < 10_000; i++) {
      const body = Array.from({ length: random.below(24) }, () => pieces[random.below(pieces.length)]).join("");
      try {
        const data = await csv(`a,t\n${body}`, { target: "t" });
        if (data.x.values.length !== data.rows * data.columns) astray.push(body);
      } catch (error) {
        refused++;
        if (!/^[A-Z_]+$/.test((error as { code?: string }).code ?? "")) astray.push([body, error]);
      }
    }
    expect(astray).toEqual([]);
    expect(refused).toBeGreaterThan(1000);
  });
});
