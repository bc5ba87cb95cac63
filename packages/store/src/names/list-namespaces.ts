import type { OperationOptions } from '@crossdock/core'
import type { Database } from '../database/database.ts'
import { textOf } from '../database/rows.ts'
import { DEFAULT_NAMESPACE } from '../store-context.ts'

const TABLES = ['image', 'content', 'lease']

/** The namespaces of a table: each is looked for behind the one before, however many rows they have. */
const namesIn = (table: string): string => `
  SELECT namespace FROM (
    WITH RECURSIVE found (namespace) AS (
      SELECT min(namespace) FROM ${table}
      UNION ALL
      SELECT (SELECT min(namespace) FROM ${table} WHERE namespace > found.namespace) FROM found
      WHERE found.namespace IS NOT NULL
    )
    SELECT namespace FROM found WHERE namespace IS NOT NULL
  )`

const LIST = TABLES.map(namesIn).join(' UNION ')

/** Those that have something in them, and the one that is always there; ordered. */
export async function listNamespaces(database: Database, options?: OperationOptions): Promise<readonly string[]> {
  const rows = await database.read((sql) => sql.all(LIST), options)
  return [...new Set([DEFAULT_NAMESPACE, ...rows.map((row) => textOf(row, 'namespace'))])].toSorted()
}
