/** A stored lock. */
export interface LockDocument {
  /** What is locked. */
  name: string;
  /** Who holds it: new for each lock. */
  uid: string;
  /** When it was locked, or last renewed, by the server's clock. */
  created: Date;
}
