import type { Invocation } from '../invocation.ts'
import { formatJson, printable } from './json.ts'
import { formatTable } from './table.ts'
import { fillTemplate } from './template.ts'

export interface ListingOptions<Item> {
  /** `table`, `json`, or a template that is filled with each item, a line each. */
  readonly format: string
  readonly head: readonly string[]
  readonly row: (item: Item) => readonly string[]
}

/** Prints a list the way `--format` asks for. A template without items prints nothing. */
export async function printListing<Item>(
  items: readonly Item[],
  { print }: Pick<Invocation, 'print'>,
  { format, head, row }: ListingOptions<Item>,
): Promise<void> {
  if (format === 'json') return await print(`${formatJson(items, 2)}\n`)
  if (format === 'table') return await print(printable(formatTable([head, ...items.map(row)])))
  // A template that is wrong is said to be wrong even if there is nothing to fill it with.
  if (items.length === 0) fillTemplate(format, {})
  await print(printable(items.map((item) => withLineFeed(fillTemplate(format, item))).join('')))
}

function withLineFeed(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`
}
