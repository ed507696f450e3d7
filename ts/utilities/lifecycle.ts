/** Something that has to be set up before use, or may be set up early. */
export interface IInitizable {
  /** Sets up what is needed. Doing it again changes nothing. */
  init(): PromiseLike<void>;
}

/** Something whose setting up can be undone. */
export interface IDeinitizable {
  /** Undoes `init`. Doing it again, or before `init`, changes nothing. */
  deInit(): PromiseLike<void>;
}

/** A store whose expired entries can be cleared out. */
export interface IPrunable {
  /** Deletes what has expired. */
  removeAllExpired(): PromiseLike<void>;
}
