// The softmax gradient as an ONNX graph, in the bytes of its protobuf (onnx.proto, field numbers in comments). X and the
// one-hot labels are initializers, so that a run copies W only.
import type { Problem } from "./problem.ts";

const FLOAT = 1; // TensorProto.DataType
const text = new TextEncoder();

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const number = (field: number, value: number) => Uint8Array.from([...varint(field * 8), ...varint(value)]);
const block = (field: number, ...parts: readonly Uint8Array[]) => {
  const body = joined(parts);
  return joined([Uint8Array.from([...varint(field * 8 + 2), ...varint(body.length)]), body]);
};
const string = (field: number, value: string) => block(field, text.encode(value));

/** AttributeProto: name 1, f 2, i 3, type 20. */
function attribute(name: string, value: number, kind: "float" | "int"): Uint8Array {
  const bytes = new Uint8Array(Float32Array.of(value).buffer);
  return kind === "int"
    ? block(5, string(1, name), number(3, value), number(20, 2))
    : block(5, string(1, name), joined([Uint8Array.from(varint(2 * 8 + 5)), bytes]), number(20, 1));
}

/** NodeProto: input 1, output 2, op_type 4, attribute 5; field 1 of the graph. */
function node(type: string, inputs: readonly string[], output: string, ...attributes: readonly Uint8Array[]) {
  return block(1, ...inputs.map((name) => string(1, name)), string(2, output), string(4, type), ...attributes);
}

/** TensorProto: dims 1, data_type 2, name 8, raw_data 9; field 5 of the graph. */
function initializer(name: string, dims: readonly number[], values: Float32Array): Uint8Array {
  const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return block(5, ...dims.map((size) => number(1, size)), number(2, FLOAT), string(8, name), block(9, raw));
}

/** ValueInfoProto: name 1, type 2 (tensor_type 1: elem_type 1, shape 2: dim 1: dim_value 1). */
function value(field: number, name: string, dims: readonly number[]): Uint8Array {
  const shape = block(2, ...dims.map((size) => block(1, number(1, size))));
  return block(field, string(1, name), block(2, block(1, number(1, FLOAT), shape)));
}

/** Inputs W (columns × classes) and b (classes), outputs G of W's shape and g of b's. */
export function softmaxGradientModel({ dataset, outputs, targets }: Problem): Uint8Array {
  const { rows, columns } = dataset;
  const hot = new Float32Array(rows * outputs);
  for (let i = 0; i < rows; i++) hot[i * outputs + targets[i]!] = 1;
  const graph = block(
    7,
    node("Gemm", ["X", "W", "b"], "Z"),
    node("Softmax", ["Z"], "P", attribute("axis", 1, "int")),
    node("Sub", ["P", "Y"], "R"),
    node("Gemm", ["X", "R"], "G", attribute("transA", 1, "int"), attribute("alpha", 1 / rows, "float")),
    node("ReduceMean", ["R", "rows"], "g", attribute("keepdims", 0, "int")),
    string(2, "softmax gradient"),
    initializer("X", [rows, columns], Float32Array.from(dataset.x.values)),
    initializer("Y", [rows, outputs], hot),
    block(5, number(1, 1), number(2, 7), string(8, "rows"), block(9, new Uint8Array(8))), // i64[1] of 0: the axis
    value(11, "W", [columns, outputs]),
    value(11, "b", [outputs]),
    value(12, "G", [columns, outputs]),
    value(12, "g", [outputs]),
  );
  const opset = block(8, string(1, ""), number(2, 18));
  return joined([number(1, 8), opset, graph]); // ir_version 1, opset_import 8, graph 7
}
