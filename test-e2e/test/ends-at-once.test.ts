import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RegistryTls, startRegistry } from '@crossdock/registry-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock, repositoryRoot } from '../src/crossdock.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

/** A certificate for this machine of an authority that nobody knows. */
const CERTIFICATES = join(repositoryRoot, 'packages/http/test/fixtures/tls')
const TLS: RegistryTls = {
  cert: readFileSync(join(CERTIFICATES, 'server.crt'), 'utf8'),
  key: readFileSync(join(CERTIFICATES, 'key.pem'), 'utf8'),
}

// A timer or a socket that is left would keep the process, though its work is done.
describe('when it has done its work, the command holds nothing, with a registry', () => {
  const stack = new AsyncDisposableStack()
  let fresh: (name: string) => string
  let crossdock: Crossdock
  let image: WrittenImage

  beforeAll(async () => {
    ;({ fresh } = stack.use(await temporaryFolder()))
    crossdock = await createCrossdock(fresh('home'))
    image = await writeLayout(fresh('image'), { layers: [30_000, 20_000, 1000], content: 'random' })
  })
  afterAll(() => stack.disposeAsync())

  it.concurrent.each([
    ['in plain HTTP', undefined],
    ['over TLS', TLS],
  ])('%s', async (_what, tls) => {
    await using server = await startRegistry({ ...(tls !== undefined && { tls }) })
    const name = `docker://${server.host}/app:1`
    const copy = ['copy', '-q', '--src-tls-verify=false', '--dest-tls-verify=false']
    const calls = [
      [...copy, `oci:${image.folder}:latest`, name],
      [...copy, name, `oci:${fresh('layout')}:here`],
      [...copy, name, `docker://${server.host}/other:1`],
      [...copy, name, 'store:app'],
      [...copy, name, `docker-archive:${fresh('archive')}`],
      ['inspect', '--tls-verify=false', name],
      ['list-tags', '--tls-verify=false', `docker://${server.host}/app`],
      ['digest', '--tls-verify=false', name],
      ['delete', '--tls-verify=false', name],
    ]
    const holdings = await crossdock.doneInOneProcess(calls)
    const nothing = { sockets: 0, timers: 0 }
    expect(holdings.map(({ sockets, timers }) => ({ sockets, timers }))).toStrictEqual(calls.map(() => nothing))
  })
})
