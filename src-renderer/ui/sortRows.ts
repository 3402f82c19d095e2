// Pure: rows in the order a column header asks for. Equal rows keep their order; text sorts as people expect (a2 before a10).

export type SortOrder = { column: string; descending: boolean };

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

export function sortRows<Row>(rows: Row[], order: SortOrder | null, valueOf: (row: Row, column: string) => string | number): Row[] {
  if (order === null) return rows;
  const sign = order.descending ? -1 : 1;
  return rows.toSorted((left, right) => sign * compare(valueOf(left, order.column), valueOf(right, order.column)));
}

function compare(left: string | number, right: string | number): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  return collator.compare(String(left), String(right));
}
