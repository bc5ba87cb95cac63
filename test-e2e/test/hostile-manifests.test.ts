import { existsSync } from 'node:fs'
import { type RegistryServer, startRegistry } from '@crossdock/registry-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Content,
  DOCKER_MANIFEST,
  type Draft,
  draftImage,
  type DraftImage,
  INDEX,
  LAYER,
  MANIFEST,
  serveDraft,
  writeDraft,
  written,
} from '../src/draft-image.ts'
import { createInProcess, type RunCommand } from '../src/in-process.ts'
import { problemsOf } from '../src/refusal.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'

interface Row {
  readonly what: string
  readonly top: (image: DraftImage) => Content
  readonly mediaType?: string
  readonly says: string | RegExp
  readonly exitCode?: number
}

/** An image manifest with some fields changed. */
function changed(what: string, changes: (image: DraftImage) => object, says: string | RegExp): Row {
  return { what, top: (image) => image.manifest(changes(image)), says }
}

/** The text of the image's manifest, changed. */
function text(what: string, change: (json: string) => Content, says: string | RegExp): Row {
  return { what, top: (image) => change(JSON.stringify(image.manifest())), says }
}

/** An index that lists the image's manifest. */
function indexOf(image: DraftImage, changes: object = {}, more: object = {}): object {
  const entry = { ...image.keep(image.manifest(), MANIFEST), platform: { os: 'linux', architecture: 'amd64' } }
  return { schemaVersion: 2, mediaType: INDEX, manifests: [{ ...entry, ...changes }], ...more }
}

const AMBIGUOUS: readonly Row[] = [
  changed(
    'layers and manifests',
    ({ config }) => ({ manifests: [config] }),
    /may not have "manifests" besides "config", "layers"/,
  ),
  changed('manifests that are null', () => ({ manifests: null }), /may not have "manifests"/),
  changed('history of the first format', () => ({ history: [] }), /may not have "history"/),
  changed('Manifests besides layers', () => ({ Manifests: [] }), /"Manifests" is "manifests" to programs/),
  changed('Layers besides layers', () => ({ LAYERS: [] }), /"LAYERS" is "layers" to programs/),
  {
    what: 'layers of the first format in a Docker manifest',
    top: (image) => image.manifest({ mediaType: DOCKER_MANIFEST, fsLayers: [] }),
    mediaType: DOCKER_MANIFEST,
    says: /may not have "fsLayers" besides/,
  },
  {
    what: 'a config in an index',
    top: (image) => indexOf(image, {}, { config: image.config }),
    mediaType: INDEX,
    says: /may not have "config" besides "manifests"/,
  },
  {
    what: 'layers in an index',
    top: (image) => indexOf(image, {}, { layers: [] }),
    mediaType: INDEX,
    says: /may not have "layers" besides/,
  },
  {
    what: 'a manifest given as an index',
    top: (image) => image.manifest(),
    mediaType: INDEX,
    says: /the document says ".*manifest\.v1\+json", but it was given as ".*index\.v1\+json"/,
  },
  {
    what: 'a manifest without a type given as an index',
    top: (image) => image.manifest({ mediaType: undefined }),
    mediaType: INDEX,
    says: /may not have "config", "layers", and lacks "manifests"/,
  },
  changed(
    "an OCI manifest that says to be Docker's",
    () => ({ mediaType: DOCKER_MANIFEST }),
    /the document says ".*docker/,
  ),
]

const MALFORMED: readonly Row[] = [
  changed(
    'no schemaVersion',
    () => ({ schemaVersion: undefined }),
    'schemaVersion: must be the number 2, but is missing',
  ),
  changed(
    'a schemaVersion in quotes',
    () => ({ schemaVersion: '2' }),
    'schemaVersion: must be the number 2, but is a string',
  ),
  changed('schemaVersion 3', () => ({ schemaVersion: 3 }), 'schemaVersion: must be the number 2, but is 3'),
  changed(
    'schemaVersion 2.0',
    () => ({ schemaVersion: written('2.0') }),
    'schemaVersion: must be the number 2, but is 2.0',
  ),
  changed('layers that are null', () => ({ layers: null }), 'layers: must be an array, but is null'),
  changed(
    'layers that are an object',
    ({ layers }) => ({ layers: { 0: layers[0] } }),
    'layers: must be an array, but is an object',
  ),
  changed('no layers', () => ({ layers: undefined }), 'layers: must be an array, but is missing'),
  changed('a layer that is null', () => ({ layers: [null] }), 'layers[0]: must be an object, but is null'),
  changed('a layer that is text', () => ({ layers: ['sha256:x'] }), 'layers[0]: must be an object, but is a string'),
  changed('no config', () => ({ config: undefined }), 'config: must be an object, but is missing'),
  changed('a config that is null', () => ({ config: null }), 'config: must be an object, but is null'),
  changed('a mediaType that is a number', () => ({ mediaType: 5 }), 'mediaType: must be a string, but is a number'),
  changed('an annotation that is a number', () => ({ annotations: { a: 5 } }), 'annotations["a"]: must be a string'),
  changed('a subject that is text', () => ({ subject: 'x' }), 'subject: must be an object, but is a string'),
  changed(
    'a URL that is none',
    ({ layers }) => ({ layers: [{ ...layers[0], urls: ['not a url'] }] }),
    'urls[0]: "not a url" is not a URL',
  ),
  changed(
    'embedded data that is no base64',
    ({ config }) => ({ config: { ...config, data: '!!!' } }),
    'config.data: is not base64',
  ),
  changed(
    'layers inherited from __proto__',
    () => ({ layers: undefined, ['__proto__']: { layers: [] } }),
    'layers: must be an array, but is missing',
  ),
  changed(
    'one layer with two sizes',
    ({ layers }) => ({ layers: [layers[0], { ...layers[0], size: 5 }] }),
    /two sizes, \d+ and 5 bytes/,
  ),
  text('nothing at all', () => '', /is not one JSON document|the answer is empty/),
  text('null', () => 'null', 'must be an object, but is null'),
  text('a list', () => '[]', 'must be an object, but is an array'),
  text('a number', () => '1', 'must be an object, but is a number'),
  text('text that is cut', (json) => json.slice(0, -20), 'is not one JSON document'),
  text('a second document behind', (json) => `${json}{}`, 'is not one JSON document'),
  text('a byte order mark', (json) => `\uFEFF${json}`, 'begins with a byte order mark'),
  text('another encoding', (json) => Buffer.from(json, 'utf16le'), /is not (?:valid UTF-8|one JSON document)/),
  text(
    'bytes that are not UTF-8',
    (json) => Buffer.concat([Buffer.from(json.slice(0, -1)), Buffer.from(',"annotations":{"a":"\xFF"}}', 'latin1')]),
    'is not valid UTF-8',
  ),
]

const CONTROLS = 'text/x\r\nX-Evil: 1\u001B[31m\u009B\u202E'
const LARGE: readonly Row[] = [
  ...['[', '{"a":'].map((open): Row => ({
    ...text(
      `100,000 times ${open}`,
      (json) => `${json.slice(0, -1)},"x":${open.repeat(100_000)}1${(open === '[' ? ']' : '}').repeat(100_000)}}`,
      'is nested more than 128 levels deep',
    ),
    exitCode: 1,
  })),
  {
    ...changed('5 MB', () => ({ annotations: { a: 'x'.repeat(5_000_000) } }), /4194304/),
    exitCode: 1,
  },
  changed(
    "a control character in a layer's type",
    ({ layers }) => ({ layers: [{ ...layers[0], mediaType: CONTROLS }] }),
    String.raw`layers[0].mediaType: "text/x\u{d}\u{a}X-Evil: 1\u{1b}[31m`,
  ),
  changed(
    "a control character in the config's type",
    ({ config }) => ({ config: { ...config, mediaType: CONTROLS } }),
    'config.mediaType: "text/x',
  ),
  changed(
    'a control character in its own type',
    () => ({ mediaType: CONTROLS }),
    'mediaType: the document says "text/x',
  ),
  changed("a control character in an annotation's name", () => ({ annotations: { [CONTROLS]: 1 } }), 'annotations['),
]

/** What may stand where a digest should be, and is none. */
const DIGESTS: readonly { readonly what: string; readonly digest: (good: string) => unknown; readonly says: string }[] =
  [
    { what: 'a path', digest: () => 'sha256:../../../../etc/passwd', says: '64 lower-case hexadecimal' },
    {
      what: 'a path as algorithm',
      digest: () => `../../sha256:${'a'.repeat(64)}`,
      says: 'the algorithm "../../sha256" is not supported',
    },
    { what: 'an absolute path', digest: () => '/etc/passwd', says: 'no ":"' },
    {
      what: 'upper case',
      digest: (good) => good.toUpperCase().replace('SHA256', 'sha256'),
      says: '64 lower-case hexadecimal',
    },
    {
      what: 'an algorithm in upper case',
      digest: (good) => good.replace('sha256', 'SHA256'),
      says: '"SHA256" is not supported',
    },
    { what: 'a character too few', digest: (good) => good.slice(0, -1), says: '64 lower-case hexadecimal' },
    { what: 'a character too many', digest: (good) => `${good}0`, says: '64 lower-case hexadecimal' },
    {
      what: 'a character that is not hexadecimal',
      digest: (good) => `${good.slice(0, -1)}g`,
      says: '64 lower-case hexadecimal',
    },
    {
      what: 'a digit of another script',
      digest: (good) => `${good.slice(0, -1)}\u0661`,
      says: '64 lower-case hexadecimal',
    },
    { what: 'empty text', digest: () => '', says: 'no ":"' },
    { what: 'an algorithm alone', digest: () => 'sha256:', says: '64 lower-case hexadecimal' },
    { what: 'no algorithm', digest: (good) => good.slice('sha256:'.length), says: 'no ":"' },
    { what: 'two algorithms', digest: (good) => `sha256:${good}`, says: '64 lower-case hexadecimal' },
    { what: 'null', digest: () => null, says: 'must be a string, not null' },
    { what: 'a number', digest: () => 5, says: 'must be a string, not number' },
    { what: 'an object', digest: () => ({}), says: 'must be a string, not object' },
    { what: 'a list with a digest', digest: (good) => [good], says: 'must be a string, not an array' },
    { what: 'nothing', digest: () => undefined, says: 'is missing' },
    { what: 'a line feed behind', digest: (good) => `${good}\n`, says: '64 lower-case hexadecimal' },
    { what: 'a NUL behind', digest: (good) => `${good}\0`, says: '64 lower-case hexadecimal' },
    { what: 'a header behind', digest: (good) => `${good}\r\nX-Evil: 1`, says: '64 lower-case hexadecimal' },
    { what: 'MD5', digest: () => `md5:${'a'.repeat(32)}`, says: '"md5" is not supported' },
    { what: 'SHA-384', digest: () => `sha384:${'a'.repeat(96)}`, says: '"sha384" is not supported' },
    {
      what: 'SHA-512 of half the length',
      digest: () => `sha512:${'a'.repeat(64)}`,
      says: '128 lower-case hexadecimal',
    },
    { what: '__proto__', digest: () => `__proto__:${'a'.repeat(64)}`, says: '"__proto__" is not supported' },
    { what: 'constructor', digest: () => `constructor:${'a'.repeat(64)}`, says: '"constructor" is not supported' },
    { what: 'a megabyte', digest: () => `sha256:${'a'.repeat(1_000_000)}`, says: '(1000007 characters)' },
  ]

const SIZES: readonly {
  readonly what: string
  readonly size: (good: number) => unknown
  readonly says: string | RegExp
}[] = [
  { what: '-1', size: () => -1, says: 'but is -1' },
  { what: 'its negative', size: (good) => -good, says: /but is -\d+/ },
  { what: '-0', size: () => written('-0'), says: 'but is -0' },
  { what: 'half a byte more', size: (good) => good + 0.5, says: /but is \d+\.5/ },
  { what: 'a fraction of nothing', size: (good) => written(`${good}.0`), says: /but is \d+\.0/ },
  { what: 'an exponent', size: (good) => written(`${good}e0`), says: /but is \d+e0/ },
  { what: '2^53', size: () => written('9007199254740992'), says: 'but is 9007199254740992' },
  { what: '2^53+1', size: () => written('9007199254740993'), says: 'but is 9007199254740993' },
  { what: '2^62', size: () => written('4611686018427387904'), says: 'but is 4611686018427387904' },
  { what: '2^63', size: () => written('9223372036854775808'), says: 'but is 9223372036854775808' },
  { what: '10^400', size: () => written(`1${'0'.repeat(400)}`), says: '(401 characters)' },
  { what: 'text', size: String, says: 'must be a number of bytes, but is a string' },
  { what: 'null', size: () => null, says: 'must be a number of bytes, but is null' },
  { what: 'true', size: () => true, says: 'must be a number of bytes, but is a boolean' },
  { what: 'a list', size: (good) => [good], says: 'must be a number of bytes, but is an array' },
  { what: 'nothing', size: () => undefined, says: 'must be a number of bytes, but is missing' },
]

/** The places of a manifest that have a descriptor: how one with other fields gets there. */
const PLACES: readonly {
  readonly place: string
  readonly put: (
    image: DraftImage,
    change: (good: { readonly digest: string; readonly size: number }) => object,
  ) => Content
  readonly mediaType?: string
}[] = [
  {
    place: 'layers[0]',
    put: (image, change) => image.manifest({ layers: [{ ...image.layers[0], ...change(image.layers[0]) }] }),
  },
  { place: 'config', put: (image, change) => image.manifest({ config: { ...image.config, ...change(image.config) } }) },
  {
    place: 'subject',
    put: (image, change) => image.manifest({ subject: { ...image.config, ...change(image.config) } }),
  },
  { place: 'manifests[0]', put: (image, change) => indexOf(image, change(image.config)), mediaType: INDEX },
]

const DIGEST_ROWS: readonly Row[] = PLACES.flatMap(({ place, put, mediaType }) =>
  // One validator stands behind them all: everywhere but in layers a few are enough.
  DIGESTS.filter((_, index) => place === 'layers[0]' || index % 4 === 0).map(({ what, digest, says }) => ({
    what: `${what} as the digest of ${place}`,
    top: (image: DraftImage) => put(image, (good) => ({ digest: digest(good.digest) })),
    says: new RegExp(
      `${place.replaceAll(/[[\]]/g, String.raw`\$&`)}\\.digest: .*${says.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}`,
    ),
    ...(mediaType !== undefined && { mediaType }),
  })),
)

const SIZE_ROWS: readonly Row[] = PLACES.flatMap(({ place, put, mediaType }) =>
  SIZES.filter((_, index) => place === 'layers[0]' || index % 4 === 0).map(({ what, size, says }) => ({
    what: `${what} as the size of ${place}`,
    top: (image: DraftImage) => put(image, (good) => ({ size: size(good.size) })),
    says,
    ...(mediaType !== undefined && { mediaType }),
  })),
)

describe('a manifest is refused, from a layout and from a registry alike, for', () => {
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

  const rows = [...AMBIGUOUS, ...MALFORMED, ...LARGE, ...DIGEST_ROWS, ...SIZE_ROWS]
  it.each(rows)('$what', async ({ top, mediaType = MANIFEST, says, exitCode = 5 }) => {
    const image = draftImage()
    const draft: Draft = { image, top: top(image), mediaType }
    server.faults.clear()
    const before = server.requests.length
    const layout = await writeDraft(fresh('from'), draft)
    for (const from of [layout, serveDraft(server, 'from/draft', draft)]) {
      const to = fresh('to')
      for (const argv of [
        ['copy', '-q', '--src-tls-verify=false', from, `oci:${to}:x`],
        ...(mediaType === INDEX ? [['copy', '-q', '--all', '--src-tls-verify=false', from, `oci:${to}:x`]] : []),
        ['inspect', '--tls-verify=false', '--platform', 'linux/amd64', from],
      ]) {
        const finished = await run(argv)
        expect(problemsOf(finished, { exitCode, says })).toStrictEqual([])
        expect(finished.stderr).toContain(from.replace(/^oci:|:draft$/g, ''))
      }
      expect(existsSync(to)).toBe(false)
    }
    const to = `docker://${server.host}/to/draft:x`
    expect((await run(['copy', '-q', '--dest-tls-verify=false', layout, to])).exitCode).toBe(exitCode)
    const asked = server.requests
      .slice(before)
      .filter(({ path }) => !/^\/v2\/(?:from\/draft\/manifests\/draft)?$/.test(path))
    expect(asked.map(({ path }) => path)).toStrictEqual([])
  })
})

it('a layer whose type has a parameter is a layer', async () => {
  await using temporary = await temporaryFolder()
  const run = await createInProcess(temporary.fresh('home'))
  const image = draftImage()
  const layers = [{ ...image.layers[0], mediaType: `${LAYER}; charset=binary` }]
  const from = await writeDraft(temporary.fresh('from'), { image, top: image.manifest({ layers }) })
  expect((await run(['copy', '-q', from, `oci:${temporary.fresh('to')}:x`])).exitCode).toBe(0)
})
