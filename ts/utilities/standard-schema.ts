import type { Promisable } from "./invokable";

/**
 * A validator of the Standard Schema specification, version 1, as Zod, Valibot and ArkType make them. Only what this
 * package uses of it.
 */
export interface StandardSchema<Output = unknown> {
  /** What the specification asks for. */
  readonly "~standard": {
    /** Of the specification. */
    readonly version: 1;
    /** The library it was made with. */
    readonly vendor: string;
    /** Answers the value, or the issues that make it invalid. */
    readonly validate: (value: unknown) => Promisable<StandardSchemaResult<Output>>;
  };
}

/** What a {@link StandardSchema} answers: invalid if and only if there are `issues`. */
export type StandardSchemaResult<Output = unknown> =
  | {
      /** The value, as the schema has read it. */
      readonly value: Output;
      /** Left out. */
      readonly issues?: undefined;
    }
  | {
      /** What makes the value invalid. */
      readonly issues: readonly {
        /** What is wrong, for people. */
        readonly message: string;
      }[];
    };

/**
 * Whether a value is a {@link StandardSchema}. Some libraries make theirs functions.
 *
 * @internal
 */
export function isStandardSchema(value: unknown): value is StandardSchema {
  return ((typeof value === "object" && value !== null) || typeof value === "function") && "~standard" in value;
}
