/** The time between two moments. An end left out is the present moment. */
export interface DateRange {
  start?: Date | undefined;
  end?: Date | undefined;
}
