import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startRegistry } from '@crossdock/registry-server'
import { verifyLayout } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { draftImage, entryOf, LAYER, writeDraft } from '../src/draft-image.ts'
import { problemsOf } from '../src/refusal.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'

/** A heap of this many MiB has to do, whatever the document says. */
const SMALL_HEAP = { env: { NODE_OPTIONS: '--max-old-space-size=64' } }
/** Far more than what is waited for takes, and far less than work that grows faster than its input would. */
const SOON_MS = 40_000

describe('in a small heap and in little time', () => {
  const stack = new AsyncDisposableStack()
  let fresh: (name: string) => string
  let crossdock: Crossdock

  beforeAll(async () => {
    ;({ fresh } = stack.use(await temporaryFolder()))
    crossdock = await createCrossdock(fresh('home'))
  })
  afterAll(() => stack.disposeAsync())

  const done = async (...argv: readonly string[]): Promise<Buffer> => {
    const started = performance.now()
    const { stdout } = await crossdock.done(argv, SMALL_HEAP)
    expect(performance.now() - started).toBeLessThan(SOON_MS)
    return stdout
  }

  it('9,000 layers over two blobs are copied from place to place, and shown', async () => {
    const image = draftImage()
    const layers = Array.from({ length: 9000 }, (_, at) => image.layers[at % 2])
    const from = await writeDraft(fresh('from'), { image, top: image.manifest({ layers }) })
    await using server = await startRegistry()
    const [folder, again] = [fresh('to'), fresh('to')]
    const repository = `docker://${server.host}/many:x`
    await done('copy', '-q', from, `oci:${folder}:x`)
    await done('copy', '-q', '--dest-tls-verify=false', `oci:${folder}:x`, repository)
    await done('copy', '-q', '--src-tls-verify=false', repository, `oci:${again}:x`)
    for (const layout of [folder, again]) {
      expect(await verifyLayout(layout)).toMatchObject({ problems: [], unreached: [], blobs: 4 })
    }
    const fetched = server.requests.filter(({ method, path }) => method === 'GET' && path.includes('/blobs/'))
    expect(fetched).toHaveLength(3)
    const { Layers: listed } = JSON.parse((await done('inspect', from)).toString()) as { Layers: readonly string[] }
    expect(listed).toHaveLength(9000)
  })

  it('9,000 layers of which 300 differ are copied', async () => {
    const image = draftImage()
    const blobs = Array.from({ length: 300 }, (_, at) => image.keep(`layer ${at}`, LAYER))
    const layers = Array.from({ length: 9000 }, (_, at) => blobs[at % 300])
    const from = await writeDraft(fresh('from'), { image, top: image.manifest({ layers }) })
    const to = fresh('to')
    await done('copy', '-q', from, `oci:${to}:x`)
    expect(await verifyLayout(to)).toMatchObject({ problems: [], unreached: [], blobs: 302 })
  })

  it('an index.json of 20,000 entries is read, written and listed', async () => {
    const image = draftImage()
    const entry = entryOf({ image })
    const manifests = Array.from({ length: 20_000 }, (_, at) => ({
      ...entry,
      annotations: { 'org.opencontainers.image.ref.name': `name-${at}` },
    }))
    const folder = fresh('from')
    await writeDraft(folder, { image, index: { schemaVersion: 2, manifests } })
    const roomy = { env: { NODE_OPTIONS: '--max-old-space-size=128' } }
    const to = fresh('to')
    const started = performance.now()
    await crossdock.done(['copy', '-q', `oci:${folder}:name-19999`, `oci:${to}:x`], roomy)
    await crossdock.done(['copy', '-q', `oci:${to}:x`, `oci:${folder}:new`], roomy)
    const { stdout } = await crossdock.done(['list-tags', `oci:${folder}`], roomy)
    expect(performance.now() - started).toBeLessThan(SOON_MS)
    expect(stdout.toString().trimEnd().split('\n')).toHaveLength(20_001)
  })

  it.each([
    {
      what: '40 MB',
      text: `{"schemaVersion":2,"manifests":[],"x":"${'x'.repeat(40_000_000)}"}`,
      says: 'larger than 16777216 bytes',
    },
    { what: '300,000 lists in lists', text: '['.repeat(300_000), says: 'nested more than 128 levels' },
    {
      what: '5,000,000 empty objects',
      text: `{"schemaVersion":2,"manifests":[${'{},'.repeat(4_999_999)}{}]}`,
      says: 'more than 2000000 values',
    },
  ])('an index.json of $what is refused', async ({ text, says }) => {
    const folder = fresh('from')
    const from = await writeDraft(folder, { image: draftImage() })
    await writeFile(join(folder, 'index.json'), text)
    const started = performance.now()
    const finished = await crossdock.run(['copy', '-q', from, `oci:${fresh('to')}:x`], SMALL_HEAP)
    expect(performance.now() - started).toBeLessThan(SOON_MS)
    expect(problemsOf(finished, { exitCode: 1, says })).toStrictEqual([])
  })
})
