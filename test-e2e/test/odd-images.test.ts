import { gzipSync } from 'node:zlib'
import { type RegistryServer, startRegistry } from '@crossdock/registry-server'
import { verifyLayout } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  CONFIG,
  type Content,
  DOCKER_MANIFEST,
  type Draft,
  draftImage,
  type DraftImage,
  encode,
  INDEX,
  LAYER,
  MANIFEST,
  serveDraft,
  writeDraft,
} from '../src/draft-image.ts'
import { createInProcess, type RunCommand } from '../src/in-process.ts'
import { namesIn, readBlob } from '../src/layout-content.ts'
import { hasControls, problemsOf } from '../src/refusal.ts'
import { readManifest } from '../src/registry-content.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'

const HIDDEN = '\u007F\u009B31m\u202E\u2028\u{E0001}'

interface Row {
  readonly what: string
  readonly draft: (image: DraftImage) => Omit<Draft, 'image'>
}

/** An image manifest with some fields changed. */
function changed(what: string, changes: (image: DraftImage) => object): Row {
  return { what, draft: (image) => ({ top: image.manifest(changes(image)) }) }
}

/** The text of the image's manifest, changed. */
function text(what: string, change: (json: string, image: DraftImage) => Content): Row {
  return { what, draft: (image) => ({ top: change(JSON.stringify(image.manifest()), image) }) }
}

function nested(image: DraftImage, levels: number): Content {
  let entry = image.keep(image.manifest(), MANIFEST)
  for (let level = 1; level < levels; level += 1) {
    entry = image.keep({ schemaVersion: 2, mediaType: INDEX, manifests: [entry] }, INDEX)
  }
  return { schemaVersion: 2, mediaType: INDEX, manifests: [entry] }
}

const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json'
const PACKED = gzipSync('a layer'.repeat(1000))
const GZIP: readonly Uint8Array[] = [
  PACKED.subarray(0, -20),
  Buffer.concat([PACKED, Buffer.from('garbage')]),
  Buffer.concat([PACKED, PACKED]),
  Buffer.concat([PACKED.subarray(0, -8), Buffer.alloc(8)]),
  Buffer.from('plain text'),
  gzipSync(Buffer.alloc(64 * 1024 * 1024), { level: 1 }),
]
const LIMIT = 4 * 1024 * 1024

const ROWS: readonly Row[] = [
  changed('the same layer three times', ({ layers }) => ({ layers: [layers[0], layers[0], layers[1], layers[0]] })),
  changed('no layers', () => ({ layers: [] })),
  changed('a layer that is its config', ({ config }) => ({ layers: [{ ...config, mediaType: LAYER }] })),
  changed('an empty layer', (image) => ({ layers: [image.keep('', LAYER), image.layers[0]] })),
  changed('a layer by SHA-512', (image) => ({ layers: [image.keep('by SHA-512', LAYER, 'sha512'), image.layers[0]] })),
  changed('embedded data that is something else', ({ config }) => ({ config: { ...config, data: 'bm90IGl0' } })),
  changed('layers that may be had elsewhere', ({ layers }) => ({
    layers: [{ ...layers[0], urls: ['file:///etc/passwd', 'http://127.0.0.1:1/'] }],
  })),
  changed('no mediaType', () => ({ mediaType: undefined })),
  changed('annotations with control characters', () => ({ annotations: { 'a\u001B[31m\u009B': '\r\n\u0000\u202E' } })),
  changed('keys that are a word of JavaScript', () => ({
    annotations: { constructor: 'a', ['__proto__']: 'b', toString: 'c' },
  })),
  changed('unknown keys with numbers of all kinds', () => ({ x: [1.5, -7, 2 ** 60, { size: '1' }] })),
  text('a key twice, of which the last counts', (json) => `{"layers":"no list",${json.slice(1)}`),
  text(
    'objects under __proto__ and constructor',
    (json) => `${json.slice(0, -1)},"__proto__":{"manifests":[],"layers":[]},"constructor":{"prototype":{"os":"x"}}}`,
  ),
  text('white space around', (json) => `\n\n${JSON.stringify(JSON.parse(json), undefined, '\t')}\r\n`),
  text('128 levels', (json) => `${json.slice(0, -1)},"x":${'['.repeat(127)}${']'.repeat(127)}}`),
  text('a manifest of exactly 4 MiB', (json) => `${json.slice(0, -1)}${' '.repeat(LIMIT - Buffer.byteLength(json))}}`),
  {
    what: 'an artifact',
    draft: (image) => ({
      top: image.manifest({
        artifactType: 'text/x.test',
        config: image.keep('{}', EMPTY_TYPE),
        layers: [image.keep('hello', 'text/plain')],
      }),
    }),
  },
  {
    what: "Docker's manifest",
    draft: (image) => ({ top: image.manifest({ mediaType: DOCKER_MANIFEST }), mediaType: DOCKER_MANIFEST }),
  },
  { what: 'an index in an index', draft: (image) => ({ top: nested(image, 2), mediaType: INDEX }) },
  { what: 'an index eight deep', draft: (image) => ({ top: nested(image, 8), mediaType: INDEX }) },
  {
    what: 'an index without entries',
    draft: () => ({ top: { schemaVersion: 2, mediaType: INDEX, manifests: [] }, mediaType: INDEX }),
  },
  changed('layers whose gzip is cut, wrong, none, more than one, or unpacks to 64 MiB', (image) => ({
    layers: GZIP.map((bytes) => image.keep(bytes, `${LAYER}+gzip`)),
  })),
]

/** Configurations that travel, whether or not they can be read. */
const CONFIGS: readonly {
  readonly what: string
  readonly config: Content
  readonly exitCode: number
  readonly says: string
}[] = [
  { what: 'empty', config: '', exitCode: 5, says: 'image config is not one JSON document' },
  { what: 'null', config: 'null', exitCode: 5, says: 'image config: must be an object, but is null' },
  { what: 'a list', config: '[1]', exitCode: 5, says: 'image config: must be an object, but is an array' },
  { what: 'a number', config: '7.0', exitCode: 5, says: 'image config: must be an object, but is a number' },
  {
    what: 'of other types',
    config: { architecture: 7 },
    exitCode: 5,
    says: 'architecture: must be a string, but is a number',
  },
  {
    what: 'with a list of labels',
    config: { config: { Labels: [] } },
    exitCode: 5,
    says: 'config.Labels: must be an object',
  },
  {
    what: 'with paths for diff IDs',
    config: { rootfs: { diff_ids: ['sha256:../../x'] } },
    exitCode: 5,
    says: 'rootfs.diff_ids[0]: invalid digest',
  },
  {
    what: 'with a raw control character',
    config: '{"author":"\u001B[31m"}',
    exitCode: 5,
    says: 'image config is not one JSON document',
  },
  {
    what: '300,000 lists in lists',
    config: `{"x":${'['.repeat(300_000)}${']'.repeat(300_000)}}`,
    exitCode: 1,
    says: 'nested more than 128 levels',
  },
  {
    what: '8 MB',
    config: { author: 'x'.repeat(8_000_000) },
    exitCode: 1,
    says: 'has 8000013 bytes; at most 4194304 are read',
  },
]

describe('an image that is odd, but nothing else, is copied byte for byte:', () => {
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

  const done = async (argv: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await run(argv)
    expect({ exitCode, stderr }).toStrictEqual({ exitCode: 0, stderr: '' })
    return stdout.toString()
  }

  /** From a layout to a layout, on to a registry, and from a registry that serves it to a layout. */
  const expectCopied = async (draft: Draft): Promise<void> => {
    const { top = draft.image.manifest(), mediaType = MANIFEST, image } = draft
    const { digest } = image.keep(top, mediaType)
    const before = Object.getOwnPropertyNames(Object.prototype)
    const [one, other] = [fresh('to'), fresh('to')]
    server.faults.clear()
    await done(['copy', '-q', '--all', await writeDraft(fresh('from'), draft), `oci:${one}:x`])
    const repository = `to/${one.split('/').at(-1)}`
    await done([
      'copy',
      '-q',
      '--all',
      '--dest-tls-verify=false',
      `oci:${one}:x`,
      `docker://${server.host}/${repository}:x`,
    ])
    await done([
      'copy',
      '-q',
      '--all',
      '--src-tls-verify=false',
      serveDraft(server, 'from/draft', draft),
      `oci:${other}:x`,
    ])
    for (const folder of [one, other]) {
      expect(await verifyLayout(folder)).toMatchObject({ problems: [], unreached: [] })
      expect(await namesIn(folder)).toStrictEqual(new Map([['x', digest]]))
      expect((await readBlob(folder, digest)).equals(encode(top))).toBe(true)
    }
    const kept = await readManifest(server.host, { repository, reference: 'x' })
    expect(kept?.bytes.equals(encode(top))).toBe(true)
    expect(Object.getOwnPropertyNames(Object.prototype)).toStrictEqual(before)
  }

  it.each(ROWS)('$what', async ({ draft }) => {
    const image = draftImage()
    await expect(expectCopied({ image, ...draft(image) })).resolves.toBeUndefined()
  })

  describe('a configuration', () => {
    it.each(CONFIGS)(
      '$what; inspect says what is wrong with it, and can print it',
      async ({ config, exitCode, says }) => {
        const draft = { image: draftImage(config) }
        await expectCopied(draft)
        const from = await writeDraft(fresh('from'), draft)
        for (const argv of [
          ['inspect', from],
          ['inspect', '--format', '{{.Digest}}', from],
        ]) {
          const finished = await run(argv)
          expect(problemsOf(finished, { exitCode, says })).toStrictEqual([])
          expect(finished.stderr).toContain(from)
        }
        const raw = await run(['inspect', '--config', '--raw', from])
        expect(raw.exitCode === 0 ? raw.stdout.equals(encode(config)) : says.includes('8000013')).toBe(true)
        expect(problemsOf(await run(['inspect', '--config', from]), { exitCode, says })).toStrictEqual([])
      },
    )

    it.each([
      { what: 'with too few diff IDs', config: { rootfs: { type: 'layers', diff_ids: [] } } },
      { what: 'with other diff IDs', config: { rootfs: { diff_ids: [`sha256:${'0'.repeat(64)}`] } } },
      {
        what: 'with objects under __proto__',
        config: '{"os":"linux","__proto__":{"os":"x"},"constructor":{"prototype":{"os":"y"}}}',
      },
      {
        what: 'with control characters',
        config: {
          os: 'linux',
          author: `\u001B[31m\r\n${HIDDEN}`,
          config: { Env: [`A=\u0007${HIDDEN}`], Cmd: [HIDDEN], Labels: { [HIDDEN]: HIDDEN } },
        },
      },
    ])('$what; inspect shows it', async ({ config }) => {
      const draft = { image: draftImage(config) }
      await expectCopied(draft)
      const from = await writeDraft(fresh('from'), draft)
      for (const format of ['json', 'table', '{{.Author}}{{.Env}}{{json .Labels}}']) {
        expect(hasControls(await done(['inspect', '--format', format, from]))).toBe(false)
      }
      const shown = await done(['inspect', '--config', from])
      expect(hasControls(shown)).toBe(false)
      expect(JSON.stringify(JSON.parse(shown))).toBe(JSON.stringify(JSON.parse(encode(config).toString())))
    })
  })

  it('a configuration by SHA-512 under a manifest by SHA-512', async () => {
    const image = draftImage()
    const config = image.keep({ os: 'linux', architecture: 'amd64' }, CONFIG, 'sha512')
    const top = image.manifest({ config })
    const { digest } = image.keep(top, MANIFEST, 'sha512')
    const from = await writeDraft(fresh('from'), { image, top, entry: { digest } })
    const to = fresh('to')
    await done(['copy', '-q', from, `oci:${to}:x`])
    expect(await namesIn(to)).toStrictEqual(new Map([['x', digest]]))
    expect(await verifyLayout(to)).toMatchObject({ problems: [], unreached: [] })
  })
})
