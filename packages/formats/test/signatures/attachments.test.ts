import { digestOf, type ManifestBytes, type SigstoreSignature } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addAttachments,
  type AttachmentsUpdate,
  COSIGN_SIGNATURE,
  OCI_INDEX,
  OCI_MANIFEST,
  parseAttachments,
  readAttachments,
} from '../../src/index.ts'

// Payloads and documents that skopeo 1.22 wrote under a `.sig` tag.
const SIGNATURE = 'dev.cosignproject.cosign/signature'

function signature(payload: string, annotations: Readonly<Record<string, string>> = {}): SigstoreSignature {
  return { format: 'sigstore', mediaType: COSIGN_SIGNATURE, bytes: encode(payload), annotations }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function decode(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes)
}

function update(signatures: readonly SigstoreSignature[], present?: AttachmentsUpdate): AttachmentsUpdate {
  const made = addAttachments(signatures, present && { manifest: present.manifest, config: configOf(present) })
  if (made === undefined) throw new TypeError('nothing was added')
  return made
}

function configOf({ blobs }: AttachmentsUpdate): Uint8Array {
  return blobs.at(-1)?.bytes ?? new Uint8Array()
}

async function read(manifest: ManifestBytes, ...updates: readonly AttachmentsUpdate[]): Promise<readonly unknown[]> {
  const blobs = new Map(updates.flatMap((one) => one.blobs).map(({ descriptor, bytes }) => [descriptor.digest, bytes]))
  return await readAttachments(manifest, async ({ digest }) => {
    const bytes = blobs.get(digest)
    if (bytes === undefined) throw new TypeError(`nothing put ${digest}`)
    return bytes
  })
}

describe('addAttachments', () => {
  it('writes the documents that skopeo writes', () => {
    const { manifest, blobs } = update([signature('one', { [SIGNATURE]: 'MEUC' })])
    const digest = digestOf(encode('one'))
    const config = `{"architecture":"","os":"","config":{},"rootfs":{"type":"layers","diff_ids":["${digest}"]}}`
    expect(decode(configOf({ manifest, blobs }))).toBe(config)
    expect(decode(manifest.bytes)).toBe(
      `{"schemaVersion":2,"mediaType":"${OCI_MANIFEST}","config":{"mediaType":"application/vnd.oci.image.config.v1+json",` +
        `"digest":"${digestOf(encode(config))}","size":153},"layers":[{"mediaType":"${COSIGN_SIGNATURE}",` +
        `"digest":"${digest}","size":3,"annotations":{"${SIGNATURE}":"MEUC"}}]}`,
    )
    expect(manifest.digest).toBe(digestOf(manifest.bytes))
  })

  it('adds behind what is there, and keeps all that is known of it', () => {
    const config =
      '{"architecture":"","created":"0001-01-01T00:00:00Z","rootfs":{"x":1.50,"diff_ids":null},"os":"","history":[]}'
    const text =
      `{"schemaVersion":2,"mediaType":"${OCI_MANIFEST}","config":{"mediaType":"a/b","digest":"${digestOf(encode(config))}",` +
      `"size":${config.length}},"layers":[{"mediaType":"${COSIGN_SIGNATURE}","size":3,"digest":"${digestOf(encode('one'))}",` +
      `"unknown":[1.0]}],"annotations":{"a":"<b>"}}`
    const manifest = { bytes: encode(text), mediaType: OCI_MANIFEST, digest: digestOf(encode(text)) }
    const made = addAttachments([signature('two')], { manifest, config: encode(config) })
    expect(decode(made?.blobs.at(-1)?.bytes)).toBe(
      `{"architecture":"","created":"0001-01-01T00:00:00Z","rootfs":{"x":1.50,"diff_ids":["${digestOf(encode('two'))}"]},"os":"","history":[]}`,
    )
    expect(decode(made?.manifest.bytes)).toContain('"unknown":[1.0]},{"mediaType"')
    expect(decode(made?.manifest.bytes)).toContain('"annotations":{"a":"\\u003cb\\u003e"}')
    expect(made?.blobs.map(({ bytes }) => decode(bytes))[0]).toBe('two')
  })

  it('adds nothing that is there: type, payload and annotations alike', () => {
    const first = update([signature('one', { a: '1', b: '2' })])
    const present = { manifest: first.manifest, config: configOf(first) }
    expect(addAttachments([signature('one', { b: '2', a: '1' })], present)).toBeUndefined()
    expect(addAttachments([], present)).toBeUndefined()
    const more = update([signature('one', { a: '1', b: '3' }), signature('one', { a: '1', b: '3' })], first)
    expect(parseAttachments(more.manifest).layers).toHaveLength(2)
  })

  it('gives back what was put, in order', async () => {
    const text = fc.string({ maxLength: 8, unit: 'grapheme' })
    const annotations = fc.dictionary(fc.oneof(text, fc.constant('10'), fc.constant('9')), text, {
      noNullPrototype: true,
    })
    const one = fc.record({ payload: text, annotations }).map((value) => signature(value.payload, value.annotations))
    const list = fc.uniqueArray(one, {
      maxLength: 5,
      selector: (value) =>
        JSON.stringify([
          decode(value.bytes),
          ...Object.keys(value.annotations)
            .toSorted()
            .map((name) => [name, value.annotations[name]]),
        ]),
    })
    await fc.assert(
      fc.asyncProperty(list, fc.nat({ max: 5 }), async (signatures, cut) => {
        const first = update(signatures.slice(0, cut))
        const rest = signatures.slice(cut)
        const second = rest.length === 0 ? first : update(rest, first)
        const plain = signatures.map((value) => ({ ...value, annotations: { ...value.annotations } }))
        const found = (await read(second.manifest, first, second)) as readonly SigstoreSignature[]
        expect(found.map((value) => ({ ...value, annotations: { ...value.annotations } }))).toEqual(plain)
      }),
    )
  })

  it('refuses what could not be read again', () => {
    const many = Array.from({ length: 1001 }, (_, number) => signature(`${number}`))
    expect(() => addAttachments(many)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
    const large = { ...signature(''), bytes: new Uint8Array(4 * 1024 * 1024 + 1) }
    expect(() => addAttachments([large])).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
    const annotated = signature('', { a: 'x'.repeat(4 * 1024 * 1024) })
    expect(() => addAttachments([annotated])).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
  })
})

describe('parseAttachments', () => {
  it('refuses what is no image manifest, or holds more than signatures', () => {
    const index = encode('{"schemaVersion":2,"manifests":[]}')
    const asIndex = { bytes: index, mediaType: OCI_INDEX, digest: digestOf(index) }
    expect(() => parseAttachments(asIndex)).toThrow(expect.objectContaining({ code: 'INVALID_DATA' }))
    const { manifest } = update([signature('one')])
    const { layers } = parseAttachments(manifest)
    const withLayers = (list: readonly object[]): ManifestBytes => {
      const document = JSON.parse(decode(manifest.bytes)) as Readonly<Record<string, unknown>>
      const bytes = encode(JSON.stringify({ ...document, layers: list }))
      return { bytes, mediaType: OCI_MANIFEST, digest: digestOf(bytes) }
    }
    const [layer] = layers
    for (const list of [
      Array.from({ length: 10_000 }, () => layer ?? {}),
      [{ ...layer, size: 4 * 1024 * 1024 + 1 }],
      Array.from({ length: 9 }, () => ({ ...layer, size: 4 * 1024 * 1024 })),
    ]) {
      expect(() => parseAttachments(withLayers(list))).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
    }
    expect(parseAttachments(withLayers(Array.from({ length: 1000 }, () => layer ?? {}))).layers).toHaveLength(1000)
  })

  it('asks once for a payload that several signatures share', async () => {
    const made = update([signature('one', { a: '1' }), signature('one', { a: '2' }), signature('two')])
    const asked: string[] = []
    const found = await readAttachments(made.manifest, async ({ digest }) => {
      asked.push(digest)
      return made.blobs.find(({ descriptor }) => descriptor.digest === digest)?.bytes ?? new Uint8Array()
    })
    expect(asked).toEqual([digestOf(encode('one')), digestOf(encode('two'))])
    expect(found.map(({ bytes }) => decode(bytes))).toEqual(['one', 'one', 'two'])
  })
})
