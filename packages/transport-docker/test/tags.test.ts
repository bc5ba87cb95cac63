import type { ProgressEvent } from '@crossdock/core'
import { testImage, writeImage } from '@crossdock/transport-testkit'
import { expect, it } from 'vitest'
import { collect, failure, rawServer, registry, seen, transport } from './peers.ts'

it('follows pages and gives each tag once', async () => {
  await using server = await registry({ tagsPageSize: 2 })
  const docker = transport()
  for (const tag of ['b', 'a', 'c', 'e', 'd'])
    await writeImage(docker.parseReference(`//${server.host}/a:${tag}`), testImage())
  const before = server.requests.length
  expect(await collect(docker.parseReference(`//${server.host}/a`).tags())).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect(seen(server).slice(before)).toEqual(Array<string>(3).fill('GET tags 200'))
  expect(server.requests[before]?.query).toBe('n=1000')
})

it('stops where a page repeats', async () => {
  await using server = await registry({ faults: [{ match: { route: 'tags' }, action: { kind: 'repeatPage' } }] })
  const docker = transport()
  await writeImage(docker.parseReference(`//${server.host}/a:t`), testImage())
  expect(await collect(docker.parseReference(`//${server.host}/a`).tags())).toEqual(['t'])
})

it('goes on behind a page of which nothing is a tag', async () => {
  const server = await rawServer((request, response) => {
    const isFirst = request.url?.includes('last') === false
    if (isFirst) response.setHeader('link', '</v2/a/tags/list?last=x>; rel="next"')
    response.end(JSON.stringify({ tags: [isFirst ? `sha256:${'0'.repeat(64)}` : 'one'] }))
  })
  expect(await collect(transport().parseReference(`//${server.host}/a`).tags())).toEqual(['one'])
})

it('asks again for a page that breaks off', async () => {
  await using server = await registry({ tagsPageSize: 1 })
  const docker = transport({ maxAttempts: 3 })
  for (const tag of ['a', 'b']) await writeImage(docker.parseReference(`//${server.host}/a:${tag}`), testImage())
  server.faults.add({ match: { route: 'tags', nth: 2 }, action: { kind: 'cut', afterBytes: 5 } })
  expect(await collect(docker.parseReference(`//${server.host}/a`).tags())).toEqual(['a', 'b'])
})

it('does not follow pages to another host', async () => {
  await using server = await registry({
    faults: [{ match: { route: 'tags' }, action: { kind: 'linkTo', url: 'http://127.0.0.1:1/v2/a/tags/list' } }],
  })
  const docker = transport()
  await writeImage(docker.parseReference(`//${server.host}/a:t`), testImage())
  expect(await failure(() => collect(docker.parseReference(`//${server.host}/a`).tags()))).toMatchObject({
    code: 'INVALID_DATA',
  })
})

it.each([
  ['null', '{"name":"a","tags":null}', []],
  ['no list', '{"name":"a"}', []],
  [
    'digests and what is no tag',
    JSON.stringify({ tags: ['ok', `sha256:${'0'.repeat(64)}`, '', '-no', 'a b', 'ok'] }),
    ['ok'],
  ],
])('takes %s for tags as it is meant', async (_name, body, expected) => {
  const server = await rawServer((_request, response) => {
    response.end(body)
  })
  expect(await collect(transport().parseReference(`//${server.host}/a`).tags())).toEqual(expected)
})

it.each([
  ['a page', '<html>', 'INVALID_DATA'],
  ['text for a list', '{"tags":"x"}', 'INVALID_DATA'],
  ['an object for a list', '{"tags":{"a":1}}', 'INVALID_DATA'],
  ['numbers for names', '{"tags":[1,2]}', 'INVALID_DATA'],
  ['lists and objects for names', '{"tags":["a",["b"],{"c":1},null]}', 'INVALID_DATA'],
  ['null', 'null', 'INVALID_DATA'],
  ['a number', '12', 'INVALID_DATA'],
  ['a list alone', '["a"]', 'INVALID_DATA'],
  ['nothing', '', 'INVALID_DATA'],
])('refuses %s', async (_name, body, code) => {
  const server = await rawServer((_request, response) => {
    response.end(body)
  })
  expect(await failure(() => collect(transport().parseReference(`//${server.host}/a`).tags()))).toMatchObject({ code })
})

it('tells a repository that is not there from one without tags', async () => {
  await using server = await registry()
  const error = await failure(() => collect(transport().parseReference(`//${server.host}/nowhere`).tags()))
  expect(error).toMatchObject({ code: 'NOT_FOUND' })
  const empty = await rawServer((_request, response) => {
    response.writeHead(404).end(JSON.stringify({ errors: [{ code: 'MANIFEST_UNKNOWN' }] }))
  })
  expect(await collect(transport().parseReference(`//${empty.host}/a`).tags())).toEqual([])
})

it('says once what is left out, and shows nothing that a terminal obeys', async () => {
  const server = await rawServer((_request, response) => {
    response.end(JSON.stringify({ tags: ['ok', '\u001B[31mred', 'a\nb'] }))
  })
  const notes: ProgressEvent[] = []
  const tags = transport()
    .parseReference(`//${server.host}/a`)
    .tags({ onProgress: (event) => notes.push(event) })
  expect(await collect(tags)).toEqual(['ok'])
  expect(notes).toEqual([
    {
      type: 'note',
      level: 'warning',
      message: `tags of docker://${server.host}/a: "\\u{1b}[31mred" and 1 more can be no tag, and is left out`,
    },
  ])
})

it('leaves a list that goes on without new tags, and bears pages that bring none', async () => {
  let served = 0
  const server = await rawServer((request, response) => {
    if (request.url?.includes('/tags/') !== true) {
      response.end('{}')
      return
    }
    served += 1
    const ends = request.url.startsWith('/v2/ends/')
    const link = `<${request.url.split('?')[0]}?n=1000&last=${served}>; rel="next"`
    const tag = ends ? `t${Math.floor(served / 60)}` : 'a'
    response.writeHead(200, ends && served >= 180 ? {} : { link }).end(JSON.stringify({ tags: [tag] }))
  })
  const docker = transport()
  expect(await collect(docker.parseReference(`//${server.host}/ends`).tags())).toEqual(['t0', 't1', 't2', 't3'])
  served = 0
  const error = await failure(() => collect(docker.parseReference(`//${server.host}/goes-on`).tags()))
  expect(error).toMatchObject({ code: 'INVALID_DATA', message: expect.stringContaining('no tag that is new') })
  expect(served).toBeLessThan(150)
})
