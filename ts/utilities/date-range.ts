/** The time between two moments. An end left out is the present moment. */
export interface DateRange {
  /** When it begins. Default: now. */
  start?: Date | undefined;
  /** When it ends. Default: now. */
  end?: Date | undefined;
}
