import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RegistryServer, startRegistry } from '@crossdock/registry-server'
import { buildImages } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createInProcess, type RunCommand } from '../src/in-process.ts'
import { sha256 } from '../src/registry-content.ts'
import { type TemporaryFolder, temporaryFolder } from '../src/temporary-folder.ts'

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const EMPTY = 'application/vnd.oci.empty.v1+json'
const SPDX = { spdxVersion: 'SPDX-2.3', name: 'app' }

const stack = new AsyncDisposableStack()
let folder: TemporaryFolder
let run: RunCommand
let registry: RegistryServer
let index: { readonly name: string; readonly digest: string }
/** Of the image for amd64 in the index. */
let amd64: string

beforeAll(async () => {
  folder = stack.use(await temporaryFolder())
  run = await createInProcess(folder.fresh('home'))
  registry = stack.use(await startRegistry())
  const [built] = await buildImages({ folder: folder.fresh('images'), shapes: ['multiarch'], scale: 0.005 })
  index = { name: `oci:${built?.folder ?? ''}:latest`, digest: built?.digest ?? '' }
  await done('copy', '-q', '--all', index.name, name('app:1'))
  const listed = JSON.parse(await done('inspect', '--raw', name('app:1'))) as {
    readonly manifests: readonly { readonly digest: string; readonly platform?: { readonly architecture: string } }[]
  }
  amd64 = listed.manifests.find(({ platform }) => platform?.architecture === 'amd64')?.digest ?? ''
})
afterAll(() => stack.disposeAsync())

function name(image: string): string {
  return `docker://${registry.host}/${image}`
}

async function done(...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await run(args)
  if (exitCode !== 0) throw new Error(`crossdock ${args.join(' ')} ended with ${exitCode}:\n${stderr}`)
  return stdout.toString()
}

interface Content {
  readonly bytes: Buffer
  readonly mediaType: string
}

async function upload(path: string, { bytes, mediaType }: Content): Promise<void> {
  const answer = await fetch(new URL(path, registry.url), {
    method: 'PUT',
    body: new Uint8Array(bytes),
    headers: { 'content-type': mediaType },
  })
  if (!answer.ok) throw new Error(`PUT ${path}: ${answer.status} ${await answer.text()}`)
}

async function uploadBlob(repository: string, content: Content) {
  const digest = sha256(content.bytes)
  const started = await fetch(new URL(`/v2/${repository}/blobs/uploads/`, registry.url), { method: 'POST' })
  const location = new URL(started.headers.get('location') ?? '', registry.url)
  location.searchParams.set('digest', digest)
  await upload(`${location.pathname}${location.search}`, { ...content, mediaType: 'application/octet-stream' })
  return { mediaType: content.mediaType, digest, size: content.bytes.byteLength }
}

interface AttachOptions {
  readonly content: string
  readonly mediaType: string
  readonly annotations?: Readonly<Record<string, string>>
  /** The digest that it refers to. */
  readonly subject?: string
  /** The tag that it gets. */
  readonly tag?: string
}

/** Puts a manifest with one layer into a repository; its digest. */
async function attach(
  repository: string,
  { content, mediaType, annotations, subject, tag }: AttachOptions,
): Promise<string> {
  const config = await uploadBlob(repository, { bytes: Buffer.from('{}'), mediaType: EMPTY })
  const layer = await uploadBlob(repository, { bytes: Buffer.from(content), mediaType })
  const about =
    subject === undefined
      ? {}
      : { subject: { mediaType: MANIFEST, digest: subject, size: await sizeOf(repository, subject) } }
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    artifactType: mediaType,
    config,
    layers: [layer],
    annotations,
    ...about,
  }
  const bytes = Buffer.from(JSON.stringify(manifest))
  const digest = sha256(bytes)
  await upload(`/v2/${repository}/manifests/${tag ?? digest}`, { bytes, mediaType: MANIFEST })
  return digest
}

async function sizeOf(repository: string, digest: string): Promise<number> {
  const answer = await fetch(new URL(`/v2/${repository}/manifests/${digest}`, registry.url), {
    headers: { accept: `${MANIFEST}, application/vnd.oci.image.index.v1+json` },
  })
  return (await answer.arrayBuffer()).byteLength
}

const tagOf = (digest: string, suffix: string): string => `${digest.replace(':', '-')}.${suffix}`

describe('what refers to an image', () => {
  let sbom: string
  let aboutSbom: string
  let tied: string
  beforeAll(async () => {
    sbom = await attach('app', {
      content: JSON.stringify(SPDX),
      mediaType: 'application/spdx+json',
      subject: index.digest,
      annotations: { 'org.example.by': 'a tool\u001B[31m' },
    })
    aboutSbom = await attach('app', {
      content: 'signed',
      mediaType: 'application/vnd.example.signature',
      subject: sbom,
    })
    tied = await attach('app', {
      content: 'tied',
      mediaType: 'application/vnd.example.tied',
      tag: tagOf(index.digest, 'sig'),
    })
  })

  it('is listed as a tree, with the attestations in the index', async () => {
    const described = JSON.parse(await done('referrers', '--json', name('app:1'))) as unknown
    expect(described).toMatchObject({
      Digest: index.digest,
      Referrers: expect.arrayContaining([
        expect.objectContaining({
          Digest: sbom,
          ArtifactType: 'application/spdx+json',
          Subject: index.digest,
          Tie: 'subject',
          ContentSize: JSON.stringify(SPDX).length + 2,
          Referrers: [expect.objectContaining({ Digest: aboutSbom, Subject: sbom })],
        }),
        expect.objectContaining({ Digest: tied, Tie: 'tag', Tag: tagOf(index.digest, 'sig') }),
        expect.objectContaining({
          Subject: amd64,
          Platform: 'linux/amd64',
          Tie: 'index',
          ArtifactType: 'application/vnd.in-toto+json',
        }),
      ]),
    })
    const text = await done('referrers', name('app:1'))
    expect(text).toMatch(new RegExp(`[├└]─ ${sbom}  application/spdx\\+json[^]*│? +[├└]─ ${aboutSbom}`))
    expect(text).not.toContain('\u001B')
  })

  it('is listed by type, with what it hangs on, by platform, and by a template', async () => {
    const signatures = await done('referrers', '--type', 'application/vnd.example.signature', name('app:1'))
    expect(signatures).toContain(aboutSbom)
    expect(signatures).toContain(sbom)
    expect(signatures).not.toContain(tied)
    const attested = await done('referrers', '--platform', 'linux/amd64', '--json', name('app:1'))
    expect(attested).toContain(amd64)
    expect(attested).not.toContain('linux/arm64')
    const digests = await done('referrers', '-f', '{{range .Referrers}}{{.Digest}}\\n{{end}}', name('app:1'))
    expect(digests.trim().split('\n')).toEqual(expect.arrayContaining([sbom, tied]))
  })

  it('comes along where that is asked for, the tag included', async () => {
    await done('copy', '-q', '--all', '--referrers', name('app:1'), name('with:1'))
    expect(await done('referrers', name('with:1'))).toContain(aboutSbom)
    expect(await done('list-tags', name('with'))).toBe(`1\n${tagOf(index.digest, 'sig')}\n`)
    await done('copy', '-q', '--all', name('app:1'), name('without:1'))
    expect(await done('referrers', name('without:1'))).not.toContain(sbom)
  })

  it('stays behind with the index where one platform is copied, which is said', async () => {
    const one = await run(['copy', '--platform', 'linux/amd64', '--referrers', name('app:1'), name('one:1')])
    expect(one).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(/2 that refer to the index .* stay behind/),
    })
    expect(one.stderr).toMatch(/1 in the index .* that say something about the image stay behind/)
    await done('copy', '-q', '--multi-arch', 'linux/amd64', name('app:1'), name('kept:1'))
    expect(await done('referrers', name('kept:1'))).toContain('application/vnd.in-toto+json')
  })

  it('is nothing for an image that nothing refers to', async () => {
    await done('copy', '-q', '--platform', 'linux/arm64', index.name, name('alone:1'))
    expect(await done('referrers', name('alone:1'))).toContain('nothing refers to it')
  })
})

describe('a bill of materials', () => {
  it('is printed byte for byte, to stdout or into a file', async () => {
    await done('copy', '-q', '--platform', 'linux/amd64', index.name, name('listed:1'))
    const content = `${JSON.stringify(SPDX, undefined, 3)}\n`
    await attach('listed', { content, mediaType: 'application/spdx+json', subject: amd64 })
    expect(await done('sbom', name('listed:1'))).toBe(content)
    const file = folder.fresh('sbom.json')
    await done('sbom', '-o', file, name('listed:1'))
    expect(await readFile(file, 'utf8')).toBe(content)
  })

  it('is chosen where there are several, and never written in place of another', async () => {
    await done('copy', '-q', '--platform', 'linux/amd64', index.name, name('several:1'))
    await attach('several', { content: JSON.stringify(SPDX), mediaType: 'application/spdx+json', subject: amd64 })
    const bom = '{"bomFormat":"CycloneDX"}'
    const statement = {
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: '', digest: { sha256: amd64.slice('sha256:'.length) } }],
      predicateType: 'https://cyclonedx.org/bom',
      predicate: JSON.parse(bom) as unknown,
    }
    const payload = Buffer.from(JSON.stringify(statement)).toString('base64')
    await attach('several', {
      content: JSON.stringify({ payloadType: 'application/vnd.in-toto+json', payload, signatures: [] }),
      mediaType: 'application/vnd.dsse.envelope.v1+json',
      tag: tagOf(amd64, 'att'),
    })
    const listed = await run(['sbom', name('several:1')])
    expect(listed).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('--type') })
    expect(listed.stdout.toString()).toMatch(/^spdx .*artifact/m)
    expect(listed.stdout.toString()).toMatch(/^cyclonedx .*signed statement/m)
    const file = join(folder.path, 'none.json')
    expect(await run(['sbom', '-o', file, name('several:1')])).toMatchObject({ exitCode: 1 })
    expect(JSON.parse(await done('sbom', '--type', 'cyclonedx', name('several:1')))).toEqual(JSON.parse(bom))
    const all = JSON.parse(await done('sbom', '--json', name('several:1'))) as readonly Record<string, string>[]
    const digest = all.find(({ format }) => format === 'spdx')?.['digest'] ?? ''
    expect(await done('sbom', '--digest', digest, name('several:1'))).toBe(JSON.stringify(SPDX))
  })

  it('is missed where there is none', async () => {
    await done('copy', '-q', '--platform', 'linux/amd64', index.name, name('none:1'))
    expect(await run(['sbom', name('none:1')])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(`"crossdock referrers ${name('none:1')}" shows what is`),
    })
  })
})
