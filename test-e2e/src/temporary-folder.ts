import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string
  /** A path in it that nothing has been given before; nothing is there yet. */
  readonly fresh: (name: string) => string
}

export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'crossdock-e2e-'))
  let given = 0
  return {
    path,
    fresh: (name) => join(path, `${name}-${(given += 1)}`),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5 }),
  }
}
