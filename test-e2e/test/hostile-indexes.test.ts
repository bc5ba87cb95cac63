import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type RegistryServer, startRegistry } from '@crossdock/registry-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Content,
  draftImage,
  type DraftImage,
  INDEX,
  LAYER,
  MANIFEST,
  serveDraft,
  writeDraft,
} from '../src/draft-image.ts'
import { createInProcess, type RunCommand } from '../src/in-process.ts'
import { problemsOf } from '../src/refusal.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'

const ABSENT = `sha256:${'0'.repeat(64)}`
const linux = { os: 'linux', architecture: 'amd64' }

function index(...manifests: readonly object[]): object {
  return { schemaVersion: 2, mediaType: INDEX, manifests }
}

function child(image: DraftImage, changes: object = {}): object {
  return { ...image.keep(image.manifest(), MANIFEST), platform: linux, ...changes }
}

function nested(image: DraftImage, levels: number): object {
  let entry = child(image)
  for (let level = 1; level < levels; level += 1) entry = { ...image.keep(index(entry), INDEX), platform: linux }
  return index(entry)
}

/** A child whose document is not what the index says it is. */
function liar(image: DraftImage): object {
  const other = image.keep(index(child(image)), INDEX)
  return { ...other, mediaType: MANIFEST, platform: linux }
}

interface Row {
  readonly what: string
  readonly top: (image: DraftImage) => Content
  readonly says: string | RegExp
  readonly exitCode: number
  /** Which calls refuse. Default: `one` and `all`. */
  readonly by?: 'one' | 'all'
}

const ROWS: readonly Row[] = [
  {
    what: 'nested nine deep',
    top: (image) => nested(image, 9),
    says: 'indexes are nested more than 8 deep',
    exitCode: 1,
  },
  {
    what: 'nested 500 deep',
    top: (image) => nested(image, 500),
    says: 'indexes are nested more than 8 deep',
    exitCode: 1,
  },
  {
    what: 'without an image for the platform',
    top: (image) =>
      index(
        child(image, { platform: { os: 'plan9', architecture: 'mips' } }),
        child(image, { platform: { os: 'a\u001B[31m', architecture: 'b' } }),
      ),
    says: String.raw`has no image for linux/amd64; available: plan9/mips, a\u{1b}[31m/b`,
    exitCode: 2,
    by: 'one',
  },
  {
    what: 'without entries',
    top: () => index(),
    says: 'has no image for linux/amd64; none of its entries names a platform',
    exitCode: 2,
    by: 'one',
  },
  {
    what: 'with a child that is not there',
    top: (image) =>
      index(child(image), child(image, { digest: ABSENT, platform: { os: 'linux', architecture: 's390x' } })),
    says: ABSENT.slice(0, 19),
    exitCode: 2,
    by: 'all',
  },
  {
    what: 'with a child of another size',
    top: (image) => index(child(image, { size: 5 })),
    says: /but (?:its descriptor says 5|\S+ should have 5)/,
    exitCode: 5,
  },
  {
    what: 'with a child of 1 TiB',
    top: (image) => index(child(image, { size: 2 ** 40 })),
    says: 'has 1099511627776 bytes',
    exitCode: 1,
  },
  {
    what: 'with an index called a manifest',
    top: (image) => index(liar(image)),
    says: /but (?:it was given as|its descriptor says) ".*manifest\.v1\+json"/,
    exitCode: 5,
  },
  {
    what: 'of a platform that is text',
    top: (image) => index(child(image, { platform: 'linux/amd64' })),
    says: 'manifests[0].platform: must be an object',
    exitCode: 5,
  },
  {
    what: 'of a platform without architecture',
    top: (image) => index(child(image, { platform: { os: 'linux' } })),
    says: 'platform.architecture: must be a string',
    exitCode: 5,
  },
]

describe('an index is refused', () => {
  const stack = new AsyncDisposableStack()
  let fresh: (name: string) => string
  let run: RunCommand
  let server: RegistryServer

  beforeAll(async () => {
    ;({ fresh } = stack.use(await temporaryFolder()))
    run = await createInProcess(fresh('home'))
    server = stack.use(await startRegistry())
  })
  afterAll(() => stack.disposeAsync())

  it.each(ROWS)('$what, from a layout and from a registry', async ({ top, says, exitCode, by }) => {
    const image = draftImage()
    const draft = { image, top: top(image), mediaType: INDEX }
    server.faults.clear()
    for (const from of [await writeDraft(fresh('from'), draft), serveDraft(server, 'from/draft', draft)]) {
      const to = fresh('to')
      const one = [
        ['copy', '-q', '--src-tls-verify=false', '--override-arch', 'amd64', from, `oci:${to}:x`],
        ['inspect', '--tls-verify=false', '--override-arch', 'amd64', from],
      ]
      const all = [['copy', '-q', '--all', '--src-tls-verify=false', from, `oci:${to}:x`]]
      for (const argv of [...(by === 'all' ? [] : one), ...(by === 'one' ? [] : all)]) {
        const finished = await run(argv)
        expect(problemsOf(finished, { exitCode, says })).toStrictEqual([])
        expect(finished.stderr).toContain(from.replace(/^oci:|:draft$/g, ''))
      }
      expect(existsSync(join(to, 'index.json'))).toBe(false)
    }
  })

  it('for a SHA-512 blob with other bytes, as it is for SHA-256', async () => {
    for (const algorithm of ['sha256', 'sha512'] as const) {
      const image = draftImage()
      const good = image.keep('what it should be', LAYER, algorithm)
      const draft = { image, top: image.manifest({ layers: [good, image.layers[0]] }) }
      image.contents.set(good.digest, { bytes: Buffer.from('WHAT IT SHOULD BE'), mediaType: LAYER })
      for (const from of [await writeDraft(fresh('from'), draft), serveDraft(server, `from/${algorithm}`, draft)]) {
        const finished = await run(['copy', '-q', '--src-tls-verify=false', from, `oci:${fresh('to')}:x`])
        expect(problemsOf(finished, { exitCode: 5, says: good.digest })).toStrictEqual([])
      }
    }
  })
})
