import type { OperationOptions } from '@crossdock/core'
import type { Endpoints } from './endpoints.ts'
import type { Repository } from './repository.ts'

export interface ListOptions {
  /** For messages: `tags`. */
  readonly what: string
  readonly operation?: OperationOptions | undefined
  /** Whether an endpoint without any is followed by the next one. Default: false. */
  readonly untilSome?: boolean | undefined
}

/** A list of one endpoint: another one is asked instead only as long as nothing has come. */
export async function* listAnywhere<Item>(
  endpoints: Endpoints,
  list: (repository: Repository) => AsyncGenerator<Item>,
  { what, operation, untilSome = false }: ListOptions,
): AsyncGenerator<Item> {
  const begin = async (repository: Repository): Promise<Begun<Item>> => {
    const items = list(repository)
    return { first: await items.next(), items }
  }
  const isEnough = ({ first }: Begun<Item>): boolean => !untilSome || first.done !== true
  const { first, items } = await endpoints.ask(begin, { what, operation, isEnough })
  try {
    if (first.done !== true) yield first.value
    yield* items
  } finally {
    await items.return(undefined)
  }
}

interface Begun<Item> {
  readonly first: IteratorResult<Item, unknown>
  readonly items: AsyncGenerator<Item>
}
