/** What becomes of a text: what it is read as, or the code that it is refused with. */
export type Expected =
  | readonly ['path' | 'name' | 'bare' | 'image-id', string]
  | 'INVALID_REFERENCE'
  | 'UNKNOWN_TRANSPORT'

export interface Row {
  readonly in: string
  readonly is: Expected
  /** What rkt makes of it, where that is something else, and why it is not followed. */
  readonly rkt?: string
}

const HASH = 'a'.repeat(64)

/**
 * rkt v1.30.0, what `rkt/image` makes of the texts that people type (`DistFromImageString`) and the rows of its tests in `pkg/distribution` and `rkt`. Relative
 * paths begin at `/images`.
 */
export const imageStrings: readonly Row[] = [
  { in: '/absolute/path/to/file.aci', is: ['path', '/absolute/path/to/file.aci'] },
  { in: 'file:///absolute/path/to/file.aci', is: ['path', '/absolute/path/to/file.aci'] },
  { in: 'file:/x.aci', is: ['path', '/x.aci'] },
  { in: '/a/b c.aci', is: ['path', '/a/b c.aci'] },
  { in: '/a/../b.aci', is: ['path', '/b.aci'] },
  { in: 'rel.aci', is: ['path', '/images/rel.aci'] },
  { in: './rel.aci', is: ['path', '/images/rel.aci'] },
  { in: '../rel.aci', is: ['path', '/rel.aci'] },
  { in: '/usr/libexec/rkt/stage1.aci', is: ['path', '/usr/libexec/rkt/stage1.aci'] },
  { in: './another/relative/path', is: ['path', '/images/another/relative/path'] },
  { in: 'some/relative/path/with/extension.aci', is: ['path', '/images/some/relative/path/with/extension.aci'] },
  { in: 'https://example.com/app.aci', is: ['name', 'https://example.com/app.aci'] },
  { in: 'http://example.com/app.aci', is: ['name', 'http://example.com/app.aci'] },
  { in: 'https://h/a.aci?x=1', is: ['name', 'https://h/a.aci?x=1'] },
  { in: 'HTTPS://h/a.aci', is: ['name', 'https://h/a.aci'] },
  { in: 'example.com/app01', is: ['bare', 'example.com/app01'] },
  { in: 'example.com/app01:v1.0.0', is: ['bare', 'example.com/app01:v1.0.0'] },
  { in: 'example.com/stage1', is: ['bare', 'example.com/stage1'] },
  { in: 'example.com/stage1:1.2.3', is: ['bare', 'example.com/stage1:1.2.3'] },
  { in: 'example.com/stage1,version=1.2.3,foo=bar', is: ['name', 'appc:example.com/stage1,version=1.2.3,foo=bar'] },
  { in: 'example.com/app01:v1.0.0,label01=?&*/', is: ['name', 'appc:example.com/app01:v1.0.0,label01=?&*/'] },
  { in: 'my-app:v1.0', is: ['bare', 'my-app:v1.0'] },
  { in: 'foo_bar', is: ['bare', 'foo_bar'] },
  { in: 'docker:busybox', is: ['name', 'docker://busybox'] },
  { in: 'docker:busybox:latest', is: ['name', 'docker://busybox:latest'] },
  { in: 'docker://busybox', is: ['name', 'docker://busybox'] },
  {
    in: 'docker:myregistry.example.com:4000/busybox:1.0',
    is: ['name', 'docker://myregistry.example.com:4000/busybox:1.0'],
  },
  { in: 'docker:', is: 'INVALID_REFERENCE' },
  { in: 'docker:BusyBox', is: 'INVALID_REFERENCE' },
  { in: `docker:${HASH}`, is: 'INVALID_REFERENCE' },
  { in: 'file:rel.aci', is: 'INVALID_REFERENCE' },
  { in: 'foo%zz', is: 'INVALID_REFERENCE' },
  { in: '', is: 'INVALID_REFERENCE' },
]

/** Where rkt is not followed. */
export const inverted: readonly Row[] = [
  {
    in: 'some/relative/../path/with/dots/file',
    is: 'INVALID_REFERENCE',
    rkt: 'a path, for having "./" in it; here a path begins as one',
  },
  {
    in: '/absolute/path/to/file',
    is: ['path', '/absolute/path/to/file'],
    rkt: 'refused: the ending says nothing here',
  },
  { in: '/absolute/path/to/file.tar', is: ['path', '/absolute/path/to/file.tar'], rkt: 'refused for its ending' },
  { in: '/a/b?c.aci', is: ['path', '/a/b?c.aci'], rkt: 'refused: the path became a URL unescaped' },
  { in: '/a/b#c.aci', is: ['path', '/a/b#c.aci'], rkt: 'refused: the path became a URL unescaped' },
  { in: '/a/b.aci?x=1', is: ['path', '/a/b.aci?x=1'], rkt: '/a/b.aci with a query' },
  { in: '/a/b%20c.aci', is: ['path', '/a/b%20c.aci'], rkt: '/a/b c.aci' },
  { in: 'file://host/x.aci', is: 'INVALID_REFERENCE', rkt: '/x.aci, whatever the host' },
  { in: 'file:///x.aci?x=1', is: 'INVALID_REFERENCE', rkt: '/x.aci' },
  { in: 'https://h/app', is: ['name', 'https://h/app'], rkt: 'refused for its ending' },
  { in: 'https://h/app?file=x.aci', is: ['name', 'https://h/app?file=x.aci'], rkt: 'refused for its ending' },
  { in: 'https://h/x.aci/', is: ['name', 'https://h/x.aci/'], rkt: 'refused for its ending' },
  { in: 'https://h/x.ACI', is: ['name', 'https://h/x.ACI'], rkt: 'refused for its ending' },
  { in: 'ftp://h/x.aci', is: 'UNKNOWN_TRANSPORT', rkt: 'the name "ftp" with the version "//h/x.aci"' },
  { in: 's3://b/x.aci', is: 'UNKNOWN_TRANSPORT', rkt: 'the name "s3" with the version "//b/x.aci"' },
  { in: 'oci:foo', is: ['name', 'oci:foo'], rkt: 'the name "oci" with the version "foo"' },
  { in: 'ocii:./x', is: 'UNKNOWN_TRANSPORT', rkt: 'the name "ocii" with the version "./x"' },
  { in: 'localhost:5000/foo', is: ['bare', 'localhost:5000/foo'], rkt: 'the name "localhost", version "5000/foo"' },
  { in: 'foo_bar:1', is: ['bare', 'foo_bar:1'], rkt: 'refused by the URL parser' },
  { in: '1foo:1', is: ['bare', '1foo:1'], rkt: 'refused by the URL parser' },
  { in: 'SOME:1', is: 'UNKNOWN_TRANSPORT', rkt: 'refused as a name with capitals' },
  { in: 'sha512-ab', is: ['image-id', 'sha512-ab'], rkt: 'a name, where the finder did not ask the store first' },
  { in: 'sha512-zz', is: 'INVALID_REFERENCE', rkt: 'asked for in the store' },
  { in: 'docker:///redis', is: ['name', 'docker:///redis'], rkt: 'refused; here the transport does' },
  { in: 'docker://', is: ['name', 'docker://'], rkt: 'refused; here the transport does' },
]

/** rkt, "Container Image Distribution URI": its documentation, and the rows of the tests of `pkg/distribution`. */
export const distributionUris: readonly Row[] = [
  { in: 'cimd:appc:v=0:example.com/app01', is: ['name', 'appc:cimd:appc:v=0:example.com/app01'] },
  {
    in: 'cimd:appc:v=0:example.com/app01?label01=%3F%26%2A%2F&version=v1.0.0',
    is: ['name', 'appc:cimd:appc:v=0:example.com/app01?label01=%3F%26%2A%2F&version=v1.0.0'],
  },
  { in: 'CIMD:appc:v=0:a', is: ['name', 'appc:cimd:appc:v=0:a'] },
  { in: 'cimd:appc:0:a', is: ['name', 'appc:cimd:appc:0:a'] },
  { in: 'cimd:appc:v=1:a', is: ['name', 'appc:cimd:appc:v=1:a'] },
  {
    in: 'cimd:appc:v=0:example.com%2Fapp01',
    is: ['name', 'appc:cimd:appc:v=0:example.com%2Fapp01'],
    rkt: 'refused, though it is what rkt prints',
  },
  {
    in: 'cimd:aci-archive:v=0:file%3A%2F%2F%2Fabsolute%2Fpath%2Fto%2Ffile.aci',
    is: ['path', '/absolute/path/to/file.aci'],
  },
  { in: 'cimd:aci-archive:v=0:https%3A%2F%2Fexample.com%2Fapp.aci', is: ['name', 'https://example.com/app.aci'] },
  { in: 'cimd:aci-archive:v=0:https://example.com/app.aci', is: ['name', 'https://example.com/app.aci'] },
  { in: 'cimd:aci-archive:v=0:https%3A%2F%2Fh%2Fa.aci%3Fx%3D1', is: ['name', 'https://h/a.aci?x=1'] },
  {
    in: 'cimd:aci-archive:v=0:https://h/a.aci?x=1',
    is: 'INVALID_REFERENCE',
    rkt: 'https://h/a.aci: the query is that of the URI, and has no meaning',
  },
  {
    in: 'cimd:docker:v=0:registry-1.docker.io/library/busybox:latest',
    is: ['name', 'docker://registry-1.docker.io/library/busybox:latest'],
  },
  {
    in: 'cimd:docker:v=0:myregistry.example.com:4000/busybox:1.0?a=b',
    is: ['name', 'docker://myregistry.example.com:4000/busybox:1.0'],
  },
  { in: 'cimd:docker:v=0:', is: 'INVALID_REFERENCE' },
  { in: 'cimd:docker:v=0:?a=b', is: 'INVALID_REFERENCE' },
  { in: 'cimd:docker:v=0:Busybox', is: 'INVALID_REFERENCE' },
  { in: 'cimd:oci:v=0:x', is: 'INVALID_REFERENCE' },
  { in: 'cimd:appc:v=-1:x', is: 'INVALID_REFERENCE' },
  { in: 'cimd:appc:v=4294967296:x', is: 'INVALID_REFERENCE' },
  { in: 'cimd:appc:v=:x', is: 'INVALID_REFERENCE' },
  { in: 'cimd:appc:x', is: 'INVALID_REFERENCE' },
  { in: 'cimd:appc', is: 'INVALID_REFERENCE' },
  { in: 'cimd:', is: 'INVALID_REFERENCE' },
  { in: 'cimd::v=0:x', is: 'INVALID_REFERENCE' },
  { in: 'cimd:aci-archive:v=0:docker%3A%2F%2Fbusybox', is: 'INVALID_REFERENCE' },
  { in: 'cimd:aci-archive:v=0:%2Fabsolute%2Ffile.aci', is: 'INVALID_REFERENCE' },
  { in: 'cimd:aci-archive:v=0:cimd%3Aaci-archive%3Av%3D0%3Afile%3A%2F%2F%2Fx.aci', is: 'INVALID_REFERENCE' },
  { in: 'cimd:aci-archive:v=0:file%3A%2F%2Fhost%2Fx.aci', is: 'INVALID_REFERENCE' },
  { in: 'cimd:aci-archive:v=0:https%3A%2F%2Fh%2Fa+b.aci', is: ['name', 'https://h/a b.aci'] },
  { in: 'cimd:aci-archive:v=0:https%3A%2F%2Fh%2Fa%0Ab.aci', is: 'INVALID_REFERENCE' },
  { in: 'cimd:aci-archive:v=0:https%3A%2F%2Fh%2Fa%ZZ.aci', is: 'INVALID_REFERENCE' },
]
