import { MAX_MANIFEST_BYTES, parseDigest } from '@crossdock/core'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  blobsOf,
  childrenOf,
  isForeignLayer,
  type Manifest,
  MANIFEST_MEDIA_TYPES,
  parseManifest,
} from '../src/index.ts'
import { bytesOf, CHILD, CONFIG, digest, IMAGE, INDEX, LAYER, manifestBytes, outcome, OUTCOMES } from './documents.ts'

function image(changes: object): Manifest {
  return parseManifest(manifestBytes({ ...IMAGE, ...changes }))
}

test('an OCI image', () => {
  const subject = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: digest('5'), size: 3 }
  expect(image({ annotations: { a: 'b' }, artifactType: 'application/x.y', subject, unknown: [1] })).toEqual({
    kind: 'image',
    format: 'oci',
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    annotations: { a: 'b' },
    artifactType: 'application/x.y',
    subject,
    config: CONFIG,
    layers: [LAYER],
  })
})

test('an OCI index, also without mediaType and without entries', () => {
  expect(parseManifest(manifestBytes(INDEX))).toMatchObject({
    kind: 'index',
    format: 'oci',
    manifests: [CHILD],
    annotations: {},
  })
  expect(parseManifest(manifestBytes({ schemaVersion: 2, manifests: [] }))).toMatchObject({
    kind: 'index',
    manifests: [],
  })
})

test('an artifact of unknown types is read, with any number of layers but not without the field', () => {
  const artifact = {
    artifactType: 'application/vnd.acme+x',
    config: { ...CONFIG, mediaType: 'application/vnd.oci.empty.v1+json' },
  }
  expect(image({ ...artifact, layers: [] })).toMatchObject({ layers: [], artifactType: 'application/vnd.acme+x' })
  const layers = [{ ...LAYER, mediaType: 'application/vnd.acme.thing; version=0.2' }]
  expect(image({ ...artifact, layers })).toMatchObject({ layers })
  expect(() => image({ ...artifact, layers: undefined })).toThrow(/ layers: must be an array, but is missing$/)
})

test('null and empty stand for "none" where a field may be left out', () => {
  expect(image({ annotations: null, subject: null, artifactType: '' })).not.toHaveProperty('subject')
  expect(image({ artifactType: '' })).not.toHaveProperty('artifactType')
  expect(image({ config: { ...CONFIG, urls: null, annotations: null, platform: null, data: null } })).toMatchObject({
    config: CONFIG,
  })
})

test.each([
  [{ schemaVersion: undefined }, 'schemaVersion: must be the number 2, but is missing'],
  [{ schemaVersion: '2' }, 'schemaVersion: must be the number 2, but is a string'],
  [{ schemaVersion: 3 }, 'schemaVersion: must be the number 2, but is 3'],
  [{ layers: null }, 'layers: must be an array, but is null'],
  [{ layers: {} }, 'layers: must be an array, but is an object'],
  [{ layers: [null] }, 'layers[0]: must be an object, but is null'],
  [{ config: undefined }, 'config: must be an object, but is missing'],
  [{ config: null }, 'config: must be an object, but is null'],
  [{ config: [] }, 'config: must be an object, but is an array'],
  [{ layers: [LAYER, { ...LAYER, digest: 'sha256:XYZ' }] }, 'layers[1].digest: invalid digest "sha256:XYZ"'],
  [{ layers: [{ ...LAYER, digest: ['sha256'] }] }, 'layers[0].digest: a digest must be a string, not an array'],
  [{ layers: [{ ...LAYER, digest: undefined }] }, 'layers[0].digest: is missing'],
  [{ layers: [{ ...LAYER, digest: `md5:${'0'.repeat(32)}` }] }, 'the algorithm "md5" is not supported'],
  [{ layers: [{ ...LAYER, size: -1 }] }, 'layers[0].size: must be an integer from 0 to 2^53-1, but is -1'],
  [{ layers: [{ ...LAYER, size: 1.5 }] }, 'layers[0].size: must be an integer'],
  [{ layers: [{ ...LAYER, size: 2 ** 53 }] }, 'layers[0].size: must be an integer'],
  [{ layers: [{ ...LAYER, size: '7' }] }, 'layers[0].size: must be a number of bytes, but is a string'],
  [
    { config: { ...CONFIG, mediaType: 'x/y\r\nSet-Cookie: z' } },
    'config.mediaType: "x/y\\u{d}\\u{a}Set-Cookie: z" is not a media type',
  ],
  [{ config: { ...CONFIG, annotations: { a: 1 } } }, 'config.annotations["a"]: must be a string, but is a number'],
  [{ config: { ...CONFIG, urls: ['javascript alert'] } }, 'config.urls[0]: "javascript alert" is not a URL'],
  [{ config: { ...CONFIG, data: 'abc' } }, 'config.data: is not base64'],
  [
    { config: { ...CONFIG, platform: { os: 'linux' } } },
    'config.platform.architecture: must be a string, but is missing',
  ],
  [
    { config: { ...CONFIG, platform: { os: 'linux', architecture: 'x', 'os.features': [1] } } },
    'os.features[0]: must be a string',
  ],
  [{ annotations: [] }, 'annotations: must be an object, but is an array'],
  [{ mediaType: 7 }, 'mediaType: must be a string, but is a number'],
  [{ layers: [{ ...CONFIG, size: 8 }] }, 'two sizes, 7 and 8 bytes'],
])('%j is refused by name', (changes, message) => {
  expect(() => image(changes)).toThrow(
    expect.objectContaining({ code: 'INVALID_DATA', message: expect.stringContaining(message) }),
  )
})

test.each(['2.0', '2e0', '0.2e1', '20E-1', '2.00000000000000000001', '-2', '12345678901234567890', '1e999'])(
  'the number 2 is written 2, not %s',
  (text) => {
    const document = JSON.stringify(IMAGE).replace('"schemaVersion":2', `"schemaVersion":${text}`)
    expect(() => parseManifest(manifestBytes(document))).toThrow(`schemaVersion: must be the number 2, but is ${text}`)
  },
)

test.each([
  ['100.0', '100.0'],
  ['1e2', '1e2'],
  ['1000e-1', '1000e-1'],
  ['-0', '-0'],
  ['-100', '-100'],
  ['100.5', '100.5'],
  ['9007199254740991.4', '9007199254740991.4'],
  ['9007199254740992', '9007199254740992'],
  ['9007199254740993', '9007199254740993'],
  ['4611686018427387904', '4611686018427387904'],
  ['1e999', '1e999'],
  [`1${'0'.repeat(400)}`, `1${'0'.repeat(39)}… (401 characters)`],
])('a size of %s is refused as it was written', (written, shown) => {
  const document = JSON.stringify(IMAGE).replace('"size":100', `"size":${written}`)
  expect(() => parseManifest(manifestBytes(document))).toThrow(
    `layers[0].size: must be an integer from 0 to 2^53-1, but is ${shown}`,
  )
})

test('sizes up to 2^53-1 are exact, whatever other numbers stand in the document', () => {
  const others = '"x":[1.5,-0,1e3,9007199254740993,{"config":2.0}],"y":"1.0 \\" 2e5",'
  for (const size of [0, 1, 123_456_789_012_345, 2 ** 53 - 1]) {
    const document = `{${others}${JSON.stringify({ ...IMAGE, layers: [{ ...LAYER, size }] }).slice(1)}`
    expect(parseManifest(manifestBytes(document))).toMatchObject({ layers: [{ size }] })
  }
})

test.each(['config', 'layers', 'annotations', 'subject', 'mediaType'])(
  'a number in place of %s is named as one',
  (key) => {
    const document = JSON.stringify({ ...IMAGE, [key]: '@' }).replace('"@"', '2.0')
    expect(() => parseManifest(manifestBytes(document))).toThrow(/but is a number$/)
  },
)

test('messages begin with the document, and carry no control characters', () => {
  expect(() => image({ layers: 1 })).toThrow(/^manifest sha256:[0-9a-f]{12}: layers: /)
  expect(() => image({ mediaType: '\u001b[31m' })).toThrow(/^[\x20-\x7e]*$/)
  expect(() => image({ annotations: { '\u009b31m': 1 } })).toThrow(/^[\x20-\x7e]*$/)
})

test.each([
  ['manifests', [null]],
  ['manifests', null],
  ['manifests', {}],
  ['manifests', 3],
])('an index with %s %j', (key, value) => {
  expect(() => parseManifest(manifestBytes({ ...INDEX, [key]: value }))).toThrow(/ manifests(\[0\])?: must be an/)
})

test.each([
  ['', 'not one JSON document'],
  ['null', 'must be an object, but is null'],
  ['[]', 'must be an object, but is an array'],
  ['7', 'must be an object, but is a number'],
  [JSON.stringify(IMAGE).slice(0, -1), 'not one JSON document'],
  [`${JSON.stringify(IMAGE)}{}`, 'not one JSON document'],
  [`\ufeff${JSON.stringify(IMAGE)}`, 'byte order mark'],
])('the text %j is refused', (text, message) => {
  expect(() => parseManifest(manifestBytes(text))).toThrow(
    expect.objectContaining({ code: 'INVALID_DATA', message: expect.stringContaining(message) }),
  )
})

test('bytes that are not UTF-8 are refused, not replaced', () => {
  const bytes = bytesOf(JSON.stringify({ ...IMAGE, annotations: { a: 'X' } }))
  bytes[bytes.indexOf(0x58)] = 0xff
  expect(() => parseManifest({ ...manifestBytes(''), bytes })).toThrow(/not valid UTF-8/)
})

test.each([['['], ['{"a":']])('300,000 levels of %s end in an error, not in a stack overflow', (open) => {
  const close = open === '[' ? ']' : '}'
  const deep = open.repeat(300_000) + (open === '[' ? '' : '1') + close.repeat(300_000)
  const text = `{"schemaVersion":2,"config":${JSON.stringify(CONFIG)},"layers":[],"x":${deep}}`
  expect(() => parseManifest(manifestBytes(text))).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
})

test.each(['1,', '{},', '[],', '[[[[]]]],'])('a document that is nothing but "%s" is refused unread', (part) => {
  const list = part.repeat(Math.floor((MAX_MANIFEST_BYTES - 1000) / part.length)).slice(0, -1)
  const text = `{"schemaVersion":2,"config":${JSON.stringify(CONFIG)},"layers":[],"x":[${list}]}`
  expect(() => parseManifest(manifestBytes(text))).toThrow(
    expect.objectContaining({ code: 'LIMIT_EXCEEDED', message: expect.stringContaining('more than 2000000 values') }),
  )
})

test('an index of as many entries as fit is read', () => {
  const size = JSON.stringify(CHILD).length + 1
  const manifests = Array.from({ length: Math.floor((MAX_MANIFEST_BYTES - 200) / size) }, () => CHILD)
  expect(parseManifest(manifestBytes({ ...INDEX, manifests }))).toMatchObject({ kind: 'index' })
})

test('brackets in strings do not count as depth', () => {
  expect(image({ annotations: { a: `"${'['.repeat(1000)}` } })).toMatchObject({ kind: 'image' })
})

test('the size limit holds to the byte', () => {
  const empty = bytesOf({ ...IMAGE, annotations: { a: '' } }).byteLength
  const text = (length: number) => JSON.stringify({ ...IMAGE, annotations: { a: 'x'.repeat(length - empty) } })
  expect(parseManifest(manifestBytes(text(MAX_MANIFEST_BYTES)))).toMatchObject({ kind: 'image' })
  expect(() => parseManifest(manifestBytes(text(MAX_MANIFEST_BYTES + 1)))).toThrow(
    expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
  )
})

test('9,000 layers over two blobs are linear work', () => {
  const layers = Array.from({ length: 9000 }, (_, index) => ({ ...LAYER, digest: digest(index % 2 === 0 ? '1' : '2') }))
  const started = performance.now()
  const parsed = image({ layers })
  expect(blobsOf(parsed).map((blob) => blob.digest)).toEqual([digest('c'), digest('1'), digest('2')])
  expect(performance.now() - started).toBeLessThan(2000)
})

test('keys that mean something to JavaScript are plain data', () => {
  const before = Object.getOwnPropertyNames(Object.prototype)
  const evil = '{"__proto__":{"manifests":[],"os":"evil"},"constructor":{"prototype":{"x":1}},'
  const parsed = parseManifest(
    manifestBytes(evil + JSON.stringify({ ...IMAGE, annotations: { toString: 'x' } }).slice(1)),
  )
  expect(parsed.kind).toBe('image')
  expect(parsed.annotations['toString']).toBe('x')
  expect(parsed.annotations['constructor']).toBeUndefined()
  const inherited = '{"schemaVersion":2,"__proto__":{"manifests":[]}}'
  expect(() => parseManifest(manifestBytes(inherited))).toThrow(/neither a manifest nor an index/)
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
  expect(({} as Record<string, unknown>)['os']).toBeUndefined()
})

test("what a prototype has is not the document's", () => {
  Reflect.defineProperty(Object.prototype, 'subject', { value: 'nonsense', configurable: true })
  try {
    expect(image({})).toMatchObject({ kind: 'image' })
  } finally {
    Reflect.deleteProperty(Object.prototype, 'subject')
  }
})

test.each([
  ['Manifests', []],
  ['CONFIG', null],
  ['layer\u017f', []],
  ['fslayers', []],
  ['schemaversion', 1],
])('a key "%s" would be another one to some programs and is refused', (key, value) => {
  expect(() => image({ [key]: value })).toThrow(/ambiguous: ".*" is ".*" to programs that do not tell case apart/)
  expect(() => parseManifest(manifestBytes({ ...INDEX, [key]: value }))).toThrow(/ambiguous/)
})

test.each(['Digest', 'SIZE', 'MediaType', 'URLs'])('a key "%s" of a descriptor is refused', (key) => {
  expect(() => image({ layers: [{ ...LAYER, [key]: 1 }] })).toThrow(/layers\[0\]: ambiguous/)
})

test('keys that only look like known ones in part are unknown, and passed over', () => {
  const unknown = { Manifest: [], layer: 1, 'X-Config': {}, ['config'.repeat(1000)]: 1, Layers2: [] }
  expect(image({ ...unknown, layers: [{ ...LAYER, Sizes: 1, OS: 'x' }] })).toMatchObject({ layers: [LAYER] })
  expect(image({ annotations: { Digest: 'x', CONFIG: 'y' } })).toMatchObject({ kind: 'image' })
})

test('of a repeated key the last counts', () => {
  const twice = `{"layers":5,${JSON.stringify(IMAGE).slice(1)}`
  expect(parseManifest(manifestBytes(twice))).toMatchObject({ layers: [LAYER] })
})

test('children are unique and in order; images have none, indexes no blobs', () => {
  const entries = [
    CHILD,
    { ...CHILD, digest: digest('b') },
    { ...CHILD, platform: { os: 'linux', architecture: 'arm' } },
  ]
  const index = parseManifest(manifestBytes({ ...INDEX, manifests: entries }))
  expect(childrenOf(index).map((child) => child.digest)).toEqual([digest('a'), digest('b')])
  expect(blobsOf(index)).toEqual([])
  expect(childrenOf(image({}))).toEqual([])
})

test('a foreign layer is told apart, and gives way to an equal one that is not foreign', () => {
  const mediaType = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'
  const foreign = { ...LAYER, mediaType, urls: ['https://example.com/layer'] }
  expect(isForeignLayer(foreign)).toBe(true)
  expect(isForeignLayer({ ...LAYER, mediaType })).toBe(false)
  expect(isForeignLayer({ ...LAYER, urls: foreign.urls })).toBe(false)
  expect(blobsOf(image({ layers: [foreign] })).filter(isForeignLayer)).toEqual([foreign])
  expect(blobsOf(image({ layers: [foreign, LAYER] }))).toEqual([CONFIG, LAYER])
})

const types = fc.constantFrom('', ...MANIFEST_MEDIA_TYPES, 'application/json', 'text/html')
const somewhere = parseDigest(digest('0'))

function read(bytes: Uint8Array, mediaType: string): string {
  return outcome(() => parseManifest({ bytes, mediaType, digest: somewhere }))
}

test('whatever the bytes, nothing but an ImageError is thrown', () => {
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map(bytesOf))
  fc.assert(
    fc.property(bytes, types, (document, type) => {
      expect(OUTCOMES).toContain(read(document, type))
    }),
    { numRuns: 1000 },
  )
})

const fields = [
  'schemaVersion',
  'mediaType',
  'config',
  'layers',
  'manifests',
  'annotations',
  'subject',
  'artifactType',
  '__proto__',
]
const parts = ['mediaType', 'digest', 'size', 'urls', 'annotations', 'data', 'platform', 'artifactType']

test('whatever stands in a field, nothing but an ImageError is thrown', () => {
  const changed = fc
    .tuple(fc.constantFrom(IMAGE, INDEX), fc.constantFrom(...fields), fc.jsonValue())
    .map(([base, field, value]) => Object.fromEntries([...Object.entries(base), [field, value]]))
  const nested = fc
    .tuple(fc.constantFrom(...parts), fc.jsonValue())
    .chain(([part, value]) =>
      fc.constantFrom(
        { ...IMAGE, layers: [{ ...LAYER, [part]: value }] },
        { ...INDEX, manifests: [{ ...CHILD, [part]: value }] },
      ),
    )
  fc.assert(
    fc.property(fc.oneof(changed, nested), types, (document, type) => {
      expect(OUTCOMES).toContain(read(bytesOf(document), type))
    }),
    { numRuns: 2000 },
  )
})
