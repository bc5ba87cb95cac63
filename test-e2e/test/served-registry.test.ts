import { buildImages, type BuiltImage, verifyLayout } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { namesIn, readBlob } from '../src/layout-content.ts'
import { createSkopeo, type Skopeo } from '../src/skopeo.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'

describe('crossdock registry serve', () => {
  withPeers(['skopeo'], (paths) => {
    const stack = new AsyncDisposableStack()
    let fresh: (name: string) => string
    let crossdock: Crossdock
    let skopeo: Skopeo
    let host: string
    let images: readonly BuiltImage[]

    beforeAll(async () => {
      const folder = stack.use(await temporaryFolder())
      ;({ fresh } = folder)
      crossdock = await createCrossdock(fresh('home'))
      skopeo = createSkopeo(paths.skopeo, folder.path)
      const server = stack.use(crossdock.start(['registry', 'serve', '--port', '0', '--dir', fresh('registry')]))
      host = (await server.untilOutput('stdout', /^http:\/\/(\S+)\/$/m))[1] ?? ''
      images = await buildImages({ folder: fresh('images'), shapes: ['many', 'multiarch'], scale: 0.05 })
    })
    afterAll(() => stack.disposeAsync())

    it('takes what skopeo pushes and gives it back byte for byte', async () => {
      for (const { shape, folder, digest } of images) {
        const name = `docker://${host}/from-skopeo/${shape}:1`
        const layout = fresh('layout')
        await skopeo.copy(`oci:${folder}:latest`, name, ['--all'])
        expect(await skopeo.raw(name)).toStrictEqual(await readBlob(folder, digest))
        await skopeo.copy(name, `oci:${layout}:x`, ['--all'])
        expect(await namesIn(layout)).toStrictEqual(new Map([['x', digest]]))
        expect((await verifyLayout(layout, { root: digest })).problems).toStrictEqual([])
      }
    })

    it('gives skopeo what crossdock pushed, tags included, and forgets what skopeo deletes', async () => {
      const { folder, digest } = images.find(({ shape }) => shape === 'many') as BuiltImage // it was built above
      const repository = `docker://${host}/from-us`
      for (const tag of ['one', 'two'])
        await crossdock.done(['copy', '-q', `oci:${folder}:latest`, `${repository}:${tag}`])
      expect(await skopeo.inspect(`${repository}:one`, 'amd64')).toMatchObject({ Digest: digest })
      const listed = (await skopeo.run(['list-tags', '--tls-verify=false', repository])).toString()
      expect(JSON.parse(listed)).toMatchObject({ Tags: ['one', 'two'] })
      await skopeo.run(['delete', '--tls-verify=false', `${repository}:one`])
      // skopeo deletes by digest: both tags are gone.
      expect((await crossdock.run(['digest', `${repository}:two`])).exitCode).toBe(2)
    })
  })
})
