import { InvalidInputError } from "./errors";
import type { OneOrMore } from "./one-or-more";
import { toArray } from "./one-or-more";

/** How a {@link Namespace} writes its keys. */
export interface NamespaceSettings {
  /** Stands around the root identifier. Default `":"`. */
  identifierDelimiter?: string | undefined;
  /** Another spelling of `identifierDelimiter`, used if that is left out. */
  identifierDelimeter?: string | undefined;
  /** Joins the segments of the root and of a key. Default `"/"`. */
  keyDelimiter?: string | undefined;
  /** Another spelling of `keyDelimiter`, used if that is left out. */
  keyDelimeter?: string | undefined;
  /** Separates the root from the key, so it may appear in neither. Default `"_rt"`. */
  rootIdentifier?: string | undefined;
}

/** A key as {@link Namespace.create} makes it. */
export interface NamespacedKey {
  /** The key under which things are stored: root, root identifier and key. */
  readonly namespaced: string;
  /** The key without its namespace, for people and events: its segments joined by `/`, whatever the delimiter. */
  readonly resolved: string;
  /** What the key was made of, without empty segments: given to the same namespace again, it makes the same key. */
  readonly segments: readonly string[];
}

/**
 * Keeps the keys of one part of an application apart from those of others in the same store.
 *
 * The key `["resource", "1"]` in `new Namespace("lock")` is stored as `lock:_rt:resource/1`. Empty segments are left
 * out. Immutable: the methods that change something return a new namespace.
 */
export class Namespace {
  private readonly segments: readonly string[];
  private readonly identifierDelimiter: string;
  private readonly keyDelimiter: string;
  private readonly rootIdentifier: string;
  private readonly root: string;
  private readonly prefix: string;

  /**
   * @param root One or more segments, read once; at least one must not be empty.
   * @throws InvalidInputError if the root is empty or contains the root identifier, or a setting is unusable.
   */
  constructor(root: OneOrMore<string>, settings: NamespaceSettings = {}) {
    this.identifierDelimiter = settings.identifierDelimiter ?? settings.identifierDelimeter ?? ":";
    this.keyDelimiter = settings.keyDelimiter ?? settings.keyDelimeter ?? "/";
    this.rootIdentifier = settings.rootIdentifier ?? "_rt";
    if (this.rootIdentifier === "") {
      throw new InvalidInputError('The root identifier cannot be empty; leave it out to use "_rt"');
    }
    this.segments = segmentsOf(root, "namespace root", "Namespace");
    this.root = this.segments.join(this.keyDelimiter);
    this.refuseIdentifierIn(this.root, "Namespace root");
    this.prefix = this.root + this.identifierDelimiter + this.rootIdentifier + this.identifierDelimiter;
  }

  /** The same namespace with other text around the root identifier. */
  setIdentifierDelimiter(identifierDelimiter: string): Namespace {
    return new Namespace(this.segments, { ...this.settings(), identifierDelimiter });
  }

  /** Another spelling of {@link setIdentifierDelimiter}. */
  setIdentifierDelimeter(identifierDelimeter: string): Namespace {
    return this.setIdentifierDelimiter(identifierDelimeter);
  }

  /**
   * The same namespace with other text between segments.
   *
   * @throws InvalidInputError if the root joined that way contains the root identifier.
   */
  setKeyDelimiter(keyDelimiter: string): Namespace {
    return new Namespace(this.segments, { ...this.settings(), keyDelimiter });
  }

  /** Another spelling of {@link setKeyDelimiter}. */
  setKeyDelimeter(keyDelimeter: string): Namespace {
    return this.setKeyDelimiter(keyDelimeter);
  }

  /**
   * The same namespace with other text separating root and key.
   *
   * @throws InvalidInputError if it is empty or the root contains it.
   */
  setRootIdentifier(rootIdentifier: string): Namespace {
    return new Namespace(this.segments, { ...this.settings(), rootIdentifier });
  }

  /**
   * The namespace whose root continues with these segments.
   *
   * @throws InvalidInputError if they contain the root identifier.
   */
  appendRoot(segments: OneOrMore<string>): Namespace {
    return new Namespace([...this.segments, ...toArray(segments)], this.settings());
  }

  /**
   * The namespace whose root begins with these segments.
   *
   * @throws InvalidInputError if they contain the root identifier.
   */
  prependRoot(segments: OneOrMore<string>): Namespace {
    return new Namespace([...toArray(segments), ...this.segments], this.settings());
  }

  /**
   * Puts a key into this namespace.
   *
   * @param key One or more segments, read once; at least one must not be empty. `["a", "b"]` and `"a/b"` are one key.
   * @throws InvalidInputError if the key is empty or contains the root identifier.
   */
  create(key: OneOrMore<string>): NamespacedKey {
    const segments = segmentsOf(key, "key", "create");
    const resolved = segments.join("/");
    this.refuseIdentifierIn(resolved, "Resolved key");
    const joined = this.keyDelimiter === "/" ? resolved : segments.join(this.keyDelimiter);
    this.refuseIdentifierIn(joined, "Resolved key");
    return { namespaced: this.prefix + joined, resolved, segments };
  }

  /** The root as it stands at the beginning of every key. */
  toString(): string {
    return this.root;
  }

  private settings() {
    return {
      identifierDelimiter: this.identifierDelimiter,
      keyDelimiter: this.keyDelimiter,
      rootIdentifier: this.rootIdentifier,
    };
  }

  private refuseIdentifierIn(text: string, name: string): void {
    if (text.includes(this.rootIdentifier)) {
      throw new InvalidInputError(`${name} "${text}" cannot include "${this.rootIdentifier}"`);
    }
  }
}

function segmentsOf(input: OneOrMore<string>, name: string, user: string): string[] {
  const segments = (isText(input) ? toArray(input) : []).filter((segment) => segment !== "");
  if (segments.length === 0 || segments.some((segment) => typeof segment !== "string")) {
    throw new InvalidInputError(
      `Invalid ${name}; pass ${user} a string, or an iterable of strings, of which at least one is not empty`,
    );
  }
  return segments;
}

function isText(input: unknown): input is OneOrMore<string> {
  return typeof input === "string" || (typeof input === "object" && input !== null && Symbol.iterator in input);
}
