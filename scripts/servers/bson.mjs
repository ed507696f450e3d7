// As much of MongoDB's wire format as a command takes whose values are numbers, strings and documents.

const opCode = 2013;

/** Numbers are doubles, which the server takes wherever it wants a whole number. A list is encoded by its indexes. */
export function encode(document) {
  const elements = Object.entries(document).map(([name, value]) => {
    const [type, bytes] = encodeValue(value);
    return Buffer.concat([Buffer.from([type]), Buffer.from(`${name}\0`), bytes]);
  });
  const body = Buffer.concat([...elements, Buffer.from([0])]);
  const length = Buffer.alloc(4);
  length.writeInt32LE(body.length + length.length);
  return Buffer.concat([length, body]);
}

function encodeValue(value) {
  if (typeof value === "number") {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    return [0x01, bytes];
  }
  if (typeof value === "string") {
    const text = Buffer.from(`${value}\0`);
    const length = Buffer.alloc(4);
    length.writeInt32LE(text.length);
    return [0x02, Buffer.concat([length, text])];
  }
  return [Array.isArray(value) ? 0x04 : 0x03, encode(value)];
}

/** A command as one message. */
export function opMessage(document) {
  const body = encode(document);
  const head = Buffer.alloc(21);
  head.writeInt32LE(head.length + body.length, 0);
  head.writeInt32LE(1, 4);
  head.writeInt32LE(opCode, 12);
  return Buffer.concat([head, body]);
}
