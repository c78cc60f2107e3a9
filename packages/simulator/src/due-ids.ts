/** Ids of what a sweeper is to look at, as the index gives them. */
export const dueIds = (all: Iterable<{ id: string; dueAt?: Date }>, before: Date, limit: number): string[] =>
  [...all]
    .filter(({ dueAt }) => dueAt !== undefined && dueAt <= before)
    .toSorted((a, b) => Number(a.dueAt) - Number(b.dueAt))
    .slice(0, limit)
    .map(({ id }) => id)
