import { readdir, readFile, writeFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { buildImages, type BuiltImage, verifyLayout } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { createSkopeo } from '../src/skopeo.ts'
import { type FinishedProcess, runProcess } from '../src/start-process.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'

const AMD64 = ['--platform', 'linux/amd64']

describe('an archive in a pipe', () => {
  withPeers(['bash'], ({ bash }) => {
    const stack = new AsyncDisposableStack()
    let fresh: (name: string) => string
    let folder: string
    let crossdock: Crossdock
    let image: BuiltImage
    let layout: string

    beforeAll(async () => {
      const place = stack.use(await temporaryFolder())
      ;({ fresh, path: folder } = place)
      crossdock = await createCrossdock(fresh('home'))
      const [built] = await buildImages({ folder: fresh('built'), shapes: ['multiarch'], scale: 0.05 })
      image = built ?? expect.fail('no image was built')
      layout = `oci:${image.folder}:latest`
    })
    afterAll(() => stack.disposeAsync())

    const line = (args: readonly string[]): string => [...crossdock.argv, ...args].map((word) => `'${word}'`).join(' ')

    const shell = (script: string): Promise<FinishedProcess> =>
      runProcess([bash, '-o', 'pipefail', '-c', script], { env: crossdock.env, cwd: folder })

    it.each([
      { transport: 'docker-archive', name: ':team/app:1', flags: AMD64 },
      { transport: 'oci-archive', name: ':app', flags: ['--all'] },
    ])('$transport is the very file that it would be', async ({ transport, name, flags }) => {
      const [piped, file] = [fresh('piped'), fresh('file')]
      const { exitCode, stderr } = await shell(
        `${line(['copy', '-q', ...flags, layout, `${transport}:-${name}`])} > ${piped}`,
      )
      expect({ exitCode, stderr }).toStrictEqual({ exitCode: 0, stderr: '' })
      await crossdock.done(['copy', '-q', ...flags, layout, `${transport}:${file}${name}`])
      expect((await readFile(piped)).equals(await readFile(file))).toBe(true)
      expect(await readdir(crossdock.temporary)).toStrictEqual([])
    })

    it.each(['cat', 'gzip'])('goes from one command to another through %s', async (filter) => {
      const to = fresh('layout')
      const argv = ['copy', '-q', '--all']
      const writing = line([...argv, layout, 'oci-archive:-:app'])
      const reading = line([...argv, 'oci-archive:-:app', `oci:${to}:x`])
      expect(await shell(`${writing} | ${filter} | ${reading}`)).toMatchObject({ exitCode: 0, stderr: '' })
      expect(await verifyLayout(to, { root: image.digest })).toMatchObject({ problems: [], unreached: [] })
      expect(await readdir(crossdock.temporary)).toStrictEqual([])
    })

    it('is listed and inspected there', async () => {
      const file = fresh('file')
      await crossdock.done(['copy', '-q', ...AMD64, layout, `docker-archive:${file}:team/app:1`])
      const packed = fresh('packed')
      await writeFile(packed, gzipSync(await readFile(file)))
      for (const from of [file, packed]) {
        const { stdout } = await shell(`${line(['list-tags', 'docker-archive:-'])} < ${from}`)
        expect(stdout.toString()).toBe('docker.io/team/app:1\n')
        const facts = await shell(`${line(['inspect', '--sizes', 'docker-archive:-'])} < ${from}`)
        expect(facts.stdout.toString()).toContain('"UnpackedSize"')
        const digest = await shell(`${line(['digest', 'docker-archive:-'])} < ${from}`)
        expect(digest.stdout).toStrictEqual((await crossdock.done(['digest', `docker-archive:${file}`])).stdout)
      }
    })

    withPeers(['skopeo'], (paths) => {
      it('is read by skopeo', async () => {
        const skopeo = createSkopeo(paths.skopeo, folder)
        const file = fresh('piped')
        await shell(`${line(['copy', '-q', ...AMD64, layout, 'docker-archive:-:team/app:1'])} > ${file}`)
        const theirs = fresh('theirs')
        await skopeo.run(['copy', '-q', `docker-archive:${file}:team/app:1`, `oci:${theirs}:x`])
        expect((await verifyLayout(theirs)).problems).toStrictEqual([])
      })
    })

    it.each([
      {
        what: 'nothing in it',
        script: (to: string) => `: | ${line(['copy', '-q', 'oci-archive:-', to])}`,
        exitCode: 5,
      },
      {
        what: 'a reader that leaves',
        script: () => `${line(['copy', '-q', '--all', layout, 'oci-archive:-'])} | head -c 100 > /dev/null`,
        exitCode: 7,
      },
      {
        what: 'two things to say',
        script: () => `${line(['copy', '-q', '--json', layout, 'oci-archive:-'])} | cat`,
        exitCode: 64,
      },
    ])('fails with one line for $what', async ({ script, exitCode }) => {
      const { stderr, ...ended } = await shell(script(`oci:${fresh('none')}:x`))
      expect(ended).toMatchObject({ exitCode })
      expect(stderr).toMatch(/^crossdock: [^\n]*standard (in|out)put [^\n]*\n$|^crossdock: stdout is [^\n]*\n$/)
    })

    it('a file of that name is written as any other', async () => {
      await shell(line(['copy', '-q', '--all', layout, 'oci-archive:./-']))
      expect(await crossdock.done(['digest', `oci-archive:${folder}/-`])).toMatchObject({ exitCode: 0 })
    })
  })
})
