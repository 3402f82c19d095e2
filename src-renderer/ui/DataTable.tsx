// A dense table: rows of 32 px, sortable columns, only the visible rows in the document, skeletons of the final size.
// The first cell's link is what the keyboard reaches; a click anywhere on the row opens the same.
import { Skeleton } from '@mantine/core';
import { IconChevronDown, IconChevronUp } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { sortRows } from './sortRows.ts';
import type { SortOrder } from './sortRows.ts';
import classes from './DataTable.module.css';

export type Column<Row> = {
  id: string;
  title: string;
  /** Instead of the title, where the head is a control. */
  head?: ReactNode;
  /** A CSS grid track: "minmax(160px, 2fr)", "90px". */
  width: string;
  render: (row: Row) => ReactNode;
  sortValue?: (row: Row) => string | number;
  numeric?: boolean;
};
type Props<Row> = {
  label: string;
  columns: Column<Row>[];
  rows: Row[] | undefined;
  rowKey: (row: Row) => string;
  onOpen?: (row: Row) => void;
  initialSort?: SortOrder;
  loadingRows?: number;
  /** What else a row's element gets: that it can be dragged, or dropped on. */
  rowProps?: (row: Row) => React.HTMLAttributes<HTMLDivElement> & Record<`data-${string}`, string | undefined>;
};

const rowHeight = 32;

export function DataTable<Row>({ label, columns, rows, rowKey, onOpen, initialSort, loadingRows = 8, rowProps }: Props<Row>) {
  const [order, setOrder] = useState<SortOrder | null>(initialSort ?? null);
  const scroller = useRef<HTMLDivElement>(null);
  const sorted = useMemo(() => sortRows(rows ?? [], order, (row, id) => columns.find((column) => column.id === id)?.sortValue?.(row) ?? ''), [rows, order, columns]);
  const virtualizer = useVirtualizer({ count: sorted.length, getScrollElement: () => scroller.current, estimateSize: () => rowHeight, overscan: 12, getItemKey: (index) => { const row = sorted[index]; return row === undefined ? index : rowKey(row); } });
  const grid = { gridTemplateColumns: columns.map((column) => column.width).join(' ') };
  const toggle = (id: string): void => setOrder((now) => (now?.column === id ? { column: id, descending: !now.descending } : { column: id, descending: false }));
  return (
    <div ref={scroller} className={classes['scroller']} role="table" aria-label={label} aria-rowcount={sorted.length + 1} aria-busy={rows === undefined} tabIndex={0}>
      <div role="rowgroup" className={classes['headGroup']}>
        <div role="row" aria-rowindex={1} className={classes['head']} style={grid}>
          {columns.map((column) => {
            const active = order?.column === column.id;
            return (
              <div key={column.id} role="columnheader" className={column.numeric ? classes['numeric'] : ''} aria-sort={active ? (order.descending ? 'descending' : 'ascending') : 'none'}>
                {column.head !== undefined ? column.head : column.sortValue === undefined ? (column.title || <span className="offscreen">Commands</span>) : (
                  <button type="button" onClick={() => toggle(column.id)}>
                    {column.title}
                    {active && (order.descending ? <IconChevronDown size={14} aria-hidden /> : <IconChevronUp size={14} aria-hidden />)}
                  </button>
                )}
              </div>
            );
          })}
        </div>
      </div>
      {rows === undefined ? <SkeletonRows columns={columns} grid={grid} rows={loadingRows} /> : (
        <div role="rowgroup" className={classes['rows']} style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map((item) => {
            const row = sorted[item.index];
            if (row === undefined) return null;
            return (
              <div key={item.key} {...rowProps?.(row)} role="row" aria-rowindex={item.index + 2} className={classes['row']} data-opens={onOpen !== undefined} style={{ ...grid, transform: `translateY(${item.start}px)` }} onClick={(event) => openUnlessControl(event, () => onOpen?.(row))}>
                {columns.map((column) => <div key={column.id} role="cell" className={column.numeric ? classes['numeric'] : ''}>{column.render(row)}</div>)}
              </div>
            );
          })}
        </div>
      )}
    </div>
  );
}

function openUnlessControl(event: React.MouseEvent, open: () => void): void {
  if (event.target instanceof Element && event.target.closest('a, button, input, [role="menu"]') !== null) return;
  if (globalThis.getSelection()?.toString()) return;
  open();
}

function SkeletonRows<Row>({ columns, grid, rows }: { columns: Column<Row>[]; grid: { gridTemplateColumns: string }; rows: number }) {
  return (
    <div aria-hidden>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className={classes['skeleton']} style={grid}>
          {columns.map((column, at) => <div key={column.id} className={column.numeric ? classes['numeric'] : ''}><Skeleton h={10} w={`${45 + ((index * 37 + at * 23) % 40)}%`} /></div>)}
        </div>
      ))}
    </div>
  );
}
