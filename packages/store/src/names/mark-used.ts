import type { OperationOptions } from '@crossdock/core'
import { integerOf } from '../database/rows.ts'
import type { StoreContext } from '../store-context.ts'

/** Uses that come sooner after one another are one: reading an image is not to cost a write to the disk. */
const GRANULARITY_MS = 10 * 60 * 1000

/** Notes that an image is used now, for `prune`; nothing if there is no such image. */
export async function markUsed(
  { database, namespace, clock }: StoreContext,
  name: string,
  options?: OperationOptions,
): Promise<void> {
  const now = clock.now()
  const values = { namespace, name }
  const row = await database.read(
    (sql) => sql.get('SELECT used_at FROM image WHERE namespace = $namespace AND name = $name', values),
    options,
  )
  if (row === undefined || integerOf(row, 'used_at') > now - GRANULARITY_MS) return
  await database.write(
    (sql) =>
      sql.run('UPDATE image SET used_at = $now WHERE namespace = $namespace AND name = $name AND used_at < $now', {
        ...values,
        now,
      }),
    options,
  )
}
