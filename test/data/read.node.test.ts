import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { csv } from "../../src/data/index.ts";

test("a file by its path, its address and the text of it, which import.meta.resolve gives: the same", async () => {
  const address = new URL("../../data/wine.csv", import.meta.url);
  const options = { target: "cultivar" };
  const expected = await csv(fileURLToPath(address), options);
  expect(expected.rows).toBe(178);
  expect(await csv(address, options)).toEqual(expected);
  expect(await csv(address.href, options)).toEqual(expected);
});
