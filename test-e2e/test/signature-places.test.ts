import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildImages } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DockerRegistry, startDockerRegistry } from '../src/docker-registry.ts'
import { createInProcess, type RunCommand } from '../src/in-process.ts'
import { createSkopeo, type Skopeo } from '../src/skopeo.ts'
import { type TemporaryFolder, temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'

/** The file of a signature as `dir:` has it; nobody judges them here: that they come through as they are is what counts. */
function sigstore(payload: string): Buffer {
  const content = Buffer.from(payload).toString('base64')
  return Buffer.from(
    `\0sigstore-json\n{"mimeType":"application/vnd.dev.cosign.simplesigning.v1+json","payload":"${content}",` +
      `"annotations":{"dev.cosignproject.cosign/signature":"${content}","other":"\\u003c\\u0026\\u003e"}}`,
  )
}

const SIGSTORE: readonly Buffer[] = [sigstore('{"critical":1}'), sigstore('{"critical":2}')]
const SIMPLE: readonly Buffer[] = [Buffer.of(0x90, 1, 2, 3), Buffer.of(0xa3, 1, 2, 3)]

describe('signatures with skopeo and docker-registry', () => {
  withPeers(['skopeo', 'docker-registry'], (paths) => {
    const stack = new AsyncDisposableStack()
    let folder: TemporaryFolder
    let skopeo: Skopeo
    let registry: DockerRegistry
    let run: RunCommand
    let layout: string
    let digest: string
    /** An index. */
    let other: string
    /** Flags for both programs: where the signatures of the registry's images lie. */
    let places: readonly string[]
    let lookaside: string

    beforeAll(async () => {
      folder = stack.use(await temporaryFolder())
      skopeo = createSkopeo(paths.skopeo, folder.path)
      registry = stack.use(await startDockerRegistry(paths['docker-registry'], folder.fresh('registry')))
      run = await createInProcess(folder.fresh('home'))
      const shapes = ['one-layer', 'multiarch'] as const
      const [image, index] = await buildImages({ folder: folder.fresh('images'), shapes, scale: 0.005 })
      layout = `oci:${image?.folder ?? ''}:latest`
      digest = image?.digest ?? ''
      other = `oci:${index?.folder ?? ''}:latest`
      lookaside = folder.fresh('lookaside')
      const registriesD = folder.fresh('registries.d')
      await mkdir(registriesD)
      const settings = { lookaside: pathToFileURL(lookaside).href, 'use-sigstore-attachments': true }
      await writeFile(join(registriesD, 'here.yaml'), JSON.stringify({ docker: { [registry.host]: settings } }))
      places = ['--registries.d', registriesD]
    })
    afterAll(() => stack.disposeAsync())

    /** What cosign ties to the image. */
    function attached(kind: string): string {
      return `${digest.replace(':', '-')}.${kind}`
    }

    async function crossdock(...args: readonly string[]): Promise<void> {
      const { exitCode, stderr } = await run([...places, ...args])
      if (exitCode !== 0) throw new Error(`crossdock ${args.join(' ')} ended with ${exitCode}:\n${stderr}`)
    }

    async function copyWith(program: 'skopeo' | 'crossdock', from: string, to: string): Promise<void> {
      if (program === 'crossdock') return await crossdock('copy', from, to)
      await skopeo.run([...places, 'copy', '-q', '--src-tls-verify=false', '--dest-tls-verify=false', from, to])
    }

    /** The image with these signatures, in a folder. */
    async function signedFolder(signatures: readonly Buffer[]): Promise<string> {
      const path = folder.fresh('signed')
      await crossdock('copy', layout, `dir:${path}`)
      for (const [index, signature] of signatures.entries()) {
        await writeFile(join(path, `signature-${index + 1}`), signature)
      }
      return path
    }

    const PROGRAMS = ['skopeo', 'crossdock'] as const
    // What skopeo does with its own is its own matter: 1.9 writes some signatures into both places.
    const pairs = PROGRAMS.flatMap((writer) => PROGRAMS.map((reader) => ({ writer, reader }))).filter(
      ({ writer, reader }) => writer === 'crossdock' || reader === 'crossdock',
    )

    describe.each(pairs)('$writer writes, $reader reads', ({ writer, reader }) => {
      it.each([
        ['sigstore signatures beside the image', SIGSTORE],
        ['simple signatures in the lookaside', SIMPLE],
        ['both', [...SIMPLE, ...SIGSTORE]],
      ])('%s', async (kind, signatures) => {
        const image = `docker://${registry.host}/${writer}-${reader}-${kind.slice(0, 4)}:1`
        await copyWith(writer, `dir:${await signedFolder(signatures)}`, image)
        const read = folder.fresh('read')
        await copyWith(reader, image, `dir:${read}`)
        expect(await signaturesIn(read)).toStrictEqual(signatures.map((signature) => signature.toString('latin1')))
      })
    })

    it('the documents beside the image are the same, whoever wrote them, also when more is added', async () => {
      const tag = attached('sig')
      const documents = await Promise.all(
        PROGRAMS.map(async (program) => {
          const name = `${registry.host}/same-${program}`
          const written: Buffer[] = []
          for (const signatures of [SIGSTORE.slice(0, 1), SIGSTORE]) {
            await copyWith(program, `dir:${await signedFolder(signatures)}`, `docker://${name}:1`)
            written.push(await skopeo.raw(`docker://${name}:${tag}`))
          }
          return written.map(String)
        }),
      )
      expect(documents[1]).toStrictEqual(documents[0])
      expect(documents[0]?.[1]).toContain('"size":')
    })

    it.each(['oci', 'oci-archive'])('%s: carries them, and skopeo reads the image there', async (transport) => {
      const signed = `dir:${await signedFolder([...SIMPLE, ...SIGSTORE])}`
      const first = `docker://${registry.host}/before-${transport}:1`
      const second = `docker://${registry.host}/after-${transport}:1`
      const between = `${transport}:${folder.fresh('between')}:app`
      await crossdock('copy', signed, first)
      await crossdock('copy', first, between)
      await crossdock('copy', between, second)
      const read = folder.fresh('read')
      await copyWith('skopeo', second, `dir:${read}`)
      expect(await signaturesIn(read)).toHaveLength(4)
      expect(JSON.parse((await skopeo.raw(between)).toString())).toMatchObject({ schemaVersion: 2 })
      const name = attached('sig')
      const document = JSON.parse((await skopeo.raw(between.replace(/:app$/, `:${name}`))).toString()) as object
      expect(document).toHaveProperty('layers.length', 2)
    })

    it('what cosign ties to an image by tags comes along with what refers to it', async () => {
      const from = `docker://${registry.host}/attached:1`
      await copyWith('skopeo', layout, from)
      for (const kind of ['att', 'sbom'] as const) {
        const tagged = `docker://${registry.host}/attached:${attached(kind)}`
        await copyWith('skopeo', layout, tagged)
      }
      // The image itself under such a tag is none.
      const tag = attached('sbom')
      await skopeo.copy(other, `docker://${registry.host}/attached:${tag}`, ['--all'])
      const [archive, to] = [`oci-archive:${folder.fresh('archive')}:app`, `docker://${registry.host}/carried:1`]
      await crossdock('copy', '--referrers', from, archive)
      await crossdock('copy', '--referrers', archive, to)
      const raw = await skopeo.raw(`docker://${registry.host}/carried:${tag}`)
      expect(raw).toStrictEqual(await skopeo.raw(`docker://${registry.host}/attached:${tag}`))
      const listed = await skopeo.run(['list-tags', '--tls-verify=false', to.replace(/:1$/, '')])
      expect(JSON.parse(listed.toString())).toMatchObject({ Tags: [tag, '1'] })
    })

    it('an image that is deleted by its digest takes those in the lookaside along', async () => {
      const image = `docker://${registry.host}/deleted`
      await crossdock('copy', `dir:${await signedFolder(SIMPLE)}`, `${image}:1`)
      const [name] = (await readdir(lookaside)).filter((each) => each.startsWith('deleted@'))
      expect(name).toBe(`deleted@${digest.replace(':', '=')}`)
      await crossdock('delete', `${image}@${digest}`)
      expect((await readdir(lookaside)).filter((each) => each.startsWith('deleted@'))).toStrictEqual([])
    })
  })
})

async function signaturesIn(path: string): Promise<readonly string[]> {
  const names = (await readdir(path)).filter((name) => name.startsWith('signature-')).toSorted()
  return await Promise.all(names.map(async (name) => await readFile(join(path, name), 'latin1')))
}
