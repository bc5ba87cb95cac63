/** All that comes. */
export async function collect<Item>(items: AsyncIterable<Item> | undefined): Promise<Item[]> {
  const collected: Item[] = []
  for await (const item of items ?? []) collected.push(item)
  return collected
}
