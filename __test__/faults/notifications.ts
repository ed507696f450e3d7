// What the databases say of their own accord, told apart from what they answer.

/** Where the message ends that begins there. Minus one: not all of it has come yet. */
type EndOf = (bytes: Buffer, start: number, isFirst: boolean) => number;

interface Protocol {
  readonly endOf: EndOf;
  readonly isNotification: (message: Buffer) => boolean;
}

/** By the scheme of a URL. */
const PROTOCOLS: Record<string, Protocol> = {
  // https://redis.io/docs/latest/develop/reference/protocol-spec/
  "redis:": {
    endOf: endOfRedisValue,
    isNotification: (message) => /^>3\r\n\$\d\r\ns?message\r\n/.test(message.toString("latin1", 0, 20)),
  },
  // https://www.postgresql.org/docs/current/protocol-message-formats.html
  "postgres:": {
    endOf(bytes, start, isFirst) {
      // Whether it takes encrypted connections is answered with a byte.
      if (isFirst && bytes.length === 1) {
        return 1;
      }
      return bytes.length < start + 5 ? -1 : start + 1 + bytes.readInt32BE(start + 1);
    },
    isNotification: (message) => message[0] === "A".charCodeAt(0) && !isEcho(message),
  },
  // https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/: the answers to the questions for what has changed.
  "mongodb:": {
    endOf: (bytes, start) => (bytes.length < start + 4 ? -1 : start + bytes.readInt32LE(start)),
    isNotification: (message) => message.includes("nextBatch\0"),
  },
};

/** What is said over one connection: whole messages, without the notifications if that is so. */
export class Speech {
  private readonly protocol: Protocol;
  private heard: Buffer = Buffer.alloc(0);
  private isBeginning = true;

  constructor(
    scheme: string,
    private readonly isSwallowed: () => boolean,
  ) {
    const protocol = PROTOCOLS[scheme];
    if (protocol === undefined) {
      throw new Error(`Nobody knows what notifications of ${scheme} look like`);
    }
    this.protocol = protocol;
  }

  pass(bytes: Buffer): Buffer {
    this.heard = Buffer.concat([this.heard, bytes]);
    const messages: Buffer[] = [];
    let start = 0;
    for (let end = this.end(start); end !== -1; end = this.end(start)) {
      messages.push(this.heard.subarray(start, end));
      start = end;
      this.isBeginning = false;
    }
    this.heard = this.heard.subarray(start);
    return Buffer.concat(messages.filter((message) => !(this.protocol.isNotification(message) && this.isSwallowed())));
  }

  private end(start: number): number {
    const end = start < this.heard.length ? this.protocol.endOf(this.heard, start, this.isBeginning) : -1;
    return end > this.heard.length ? -1 : end;
  }
}

/** What a listener of PostgreSQL sends itself, to see whether it hears anything, tells nobody of a release. */
function isEcho(message: Buffer): boolean {
  const channelEnd = message.indexOf(0, 9);
  return message[channelEnd + 1] === "?".charCodeAt(0);
}

function endOfRedisValue(bytes: Buffer, start: number): number {
  const lineEnd = bytes.indexOf("\r\n", start);
  if (lineEnd === -1) {
    return -1;
  }
  const type = String.fromCharCode(bytes[start] ?? 0);
  const count = Number(bytes.toString("latin1", start + 1, lineEnd));
  let end = lineEnd + 2;
  if ("$=!".includes(type)) {
    return count < 0 ? end : end + count + 2;
  }
  const values = { "*": count, "~": count, ">": count, "%": 2 * count }[type] ?? 0;
  for (let value = 0; value < values && end !== -1; value += 1) {
    end = end < bytes.length ? endOfRedisValue(bytes, end) : -1;
  }
  return end;
}
