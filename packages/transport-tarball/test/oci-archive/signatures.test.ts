import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bytesBody, digestOf, type Signature } from '@crossdock/core'
import { addAttachments, attachmentTag, COSIGN_SIGNATURE, referrersTag } from '@crossdock/formats'
import { putImage, testImage } from '@crossdock/transport-testkit'
import { expect, it } from 'vitest'
import { ociArchiveTransport } from '../../src/index.ts'
import { collect } from '../read-image.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const transport = ociArchiveTransport({ durability: 'fast' })
const IMAGE = testImage()
const SIG = attachmentTag(IMAGE.root.digest, 'sig')

function cosign(text: string): Signature & { readonly format: 'sigstore' } {
  const bytes = new TextEncoder().encode(text)
  return { format: 'sigstore', mediaType: COSIGN_SIGNATURE, bytes, annotations: { a: text } }
}

function textOf({ bytes }: Signature): string {
  return new TextDecoder().decode(bytes)
}

it('signatures are found by the names that layouts have for them', async () => {
  const reference = transport.parseReference(`${join(await temporaryFolder(), 'a.tar')}:app`)
  await using destination = await reference.openDestination!()
  await putImage(destination, IMAGE)
  await destination.putSignatures?.([cosign('1'), { format: 'simple', bytes: new TextEncoder().encode('2') }])
  await destination.commit()
  expect(await collect(reference.tags())).toEqual(['app', SIG, referrersTag(IMAGE.root.digest)])
  await using source = await reference.openSource()
  expect((await source.getSignatures()).map(textOf)).toEqual(['2', '1'])
})

it.each([
  ['nothing more', ['1'], true],
  ['one more', ['1', '2'], false],
])('those that came under a name stay, with %s', async (_case, texts, same) => {
  const file = join(await temporaryFolder(), 'a.tar')
  const reference = transport.parseReference(`${file}:app`)
  const attached = addAttachments([cosign('1')])!
  {
    await using destination = await reference.openDestination!()
    await putImage(destination, IMAGE)
    for (const { descriptor, bytes } of attached.blobs) await destination.putBlob(bytesBody(bytes), descriptor)
    await destination.putManifest(attached.manifest, { instance: attached.manifest.digest, tag: SIG })
    await destination.putSignatures?.(texts.map(cosign))
    await destination.commit()
  }
  await using source = await reference.openSource()
  expect((await source.getSignatures()).map(textOf)).toEqual(texts)
  const [referrer] = await collect(source.referrers?.(IMAGE.root.digest))
  expect(referrer?.tag).toBe(SIG)
  expect(referrer?.digest === attached.manifest.digest).toBe(same)
})

it('a damaged signature is refused', async () => {
  const file = join(await temporaryFolder(), 'a.tar')
  const reference = transport.parseReference(`${file}:app`)
  {
    await using destination = await reference.openDestination!()
    await putImage(destination, IMAGE)
    await destination.putSignatures?.([cosign('the payload')])
    await destination.commit()
  }
  const bytes = await readFile(file)
  bytes.write('T', bytes.indexOf('the payload'))
  await writeFile(file, bytes)
  await using source = await reference.openSource()
  await expect(source.getSignatures()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
  expect((await source.getManifest()).digest).toBe(digestOf(IMAGE.root.bytes))
})
