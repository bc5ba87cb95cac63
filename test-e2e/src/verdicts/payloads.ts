/** What a payload is made of, each part right. */
interface Parts {
  readonly digest: string
  readonly reference: string
  readonly type: string
  readonly image: string
  readonly identity: string
}

/** What simple signatures say; `digest` is that of the signed manifest, `reference` the name that is meant. */
export function payloads(digest: string, reference: string): Readonly<Record<string, string>> {
  const parts: Parts = {
    digest,
    reference,
    type: '"type":"atomic container signature"',
    image: `"image":{"docker-manifest-digest":"${digest}"}`,
    identity: `"identity":{"docker-reference":"${reference}"}`,
  }
  return {
    ...withOptional(parts),
    ...withImage(parts),
    ...withIdentity(parts),
    ...withCritical(parts),
    ...asDocument(parts),
  }
}

function payload(critical: string, optional = '{}'): string {
  return `{"critical":{${critical}},"optional":${optional}}`
}

function withOptional({ type, image, identity }: Parts): Readonly<Record<string, string>> {
  const good = `${type},${image},${identity}`
  return {
    good: payload(good, '{"creator":"test","timestamp":1700000000}'),
    'good, no optional fields': payload(good),
    'good, spaces': payload(good)
      .replaceAll(':', ' : ')
      .replace('sha256 : ', 'sha256:')
      .replace(/(docker-reference" : "[^"]*")/, (text) => text.replaceAll(' : ', ':')),
    'good, trailing line feed': `${payload(good)}\n`,
    'good, other optional keys': payload(good, '{"x":{"y":[1,null]},"creator":"c"}'),
    'good, key escaped': payload(good).replace('"critical"', '"\\u0063ritical"'),
    'optional missing': `{"critical":{${good}}}`,
    'optional null': payload(good, 'null'),
    'optional a list': payload(good, '[]'),
    'optional twice': `{"critical":{${good}},"optional":{},"optional":{}}`,
    'optional with a key twice': payload(good, '{"x":1,"x":1}'),
    'optional with __proto__': payload(good, '{"__proto__":1}'),
    'creator a number': payload(good, '{"creator":1}'),
    'creator null': payload(good, '{"creator":null}'),
    'timestamp a text': payload(good, '{"timestamp":"1700000000"}'),
    'timestamp a fraction': payload(good, '{"timestamp":1.5}'),
    'timestamp a whole fraction': payload(good, '{"timestamp":1.0}'),
    'timestamp with exponent': payload(good, '{"timestamp":1e9}'),
    'timestamp huge': payload(good, '{"timestamp":1e300}'),
    'timestamp beyond 2^53': payload(good, '{"timestamp":9007199254740993}'),
    'timestamp negative': payload(good, '{"timestamp":-5}'),
    'timestamp null': payload(good, '{"timestamp":null}'),
    'timestamp true': payload(good, '{"timestamp":true}'),
    deep: payload(good, `{"x":${'['.repeat(5000)}${']'.repeat(5000)}}`),
  }
}

function withImage({ digest, type, image, identity }: Parts): Readonly<Record<string, string>> {
  const other = `sha256:${'0'.repeat(64)}`
  const of = (value: string): string => payload(`${type},${value},${identity}`)
  return {
    'wrong digest': of(`"image":{"docker-manifest-digest":"${other}"}`),
    'digest in upper case': of(
      `"image":{"docker-manifest-digest":"${digest.toUpperCase().replace('SHA256', 'sha256')}"}`,
    ),
    'digest of no algorithm': of(`"image":{"docker-manifest-digest":"${digest.slice(7)}"}`),
    'digest empty': of('"image":{"docker-manifest-digest":""}'),
    'digest a list': of(`"image":{"docker-manifest-digest":["${digest}"]}`),
    'digest null': of('"image":{"docker-manifest-digest":null}'),
    'digest missing': of('"image":{}'),
    'digest with another key': of(`"image":{"docker-manifest-digest":"${digest}","x":1}`),
    'digest twice': of(`"image":{"docker-manifest-digest":"${other}","docker-manifest-digest":"${digest}"}`),
    'digest twice, the same': of(`"image":{"docker-manifest-digest":"${digest}","docker-manifest-digest":"${digest}"}`),
    'digest in another case': of(`"image":{"Docker-Manifest-Digest":"${digest}"}`),
    'image a list': of(`"image":["${digest}"]`),
    'image null': of('"image":null'),
    'image twice': payload(`${type},${image},${image},${identity}`),
  }
}

function withIdentity({ reference, type, image }: Parts): Readonly<Record<string, string>> {
  const of = (value: string): string => payload(`${type},${image},${value}`)
  return {
    'reference empty': of('"identity":{"docker-reference":""}'),
    'reference not one': of('"identity":{"docker-reference":"UPPER CASE"}'),
    'reference a number': of('"identity":{"docker-reference":1}'),
    'reference null': of('"identity":{"docker-reference":null}'),
    'reference without tag': of(`"identity":{"docker-reference":"${reference.replace(/:[^:/]*$/, '')}"}`),
    'reference with other tag': of(`"identity":{"docker-reference":"${reference}-other"}`),
    'reference in other repository': of('"identity":{"docker-reference":"registry.example.com/other:1"}'),
    'reference twice': of(`"identity":{"docker-reference":"x/y:1","docker-reference":"${reference}"}`),
    'reference in another case': of(`"identity":{"Docker-Reference":"${reference}"}`),
    'identity with another key': of(`"identity":{"docker-reference":"${reference}","x":1}`),
    'identity missing': payload(`${type},${image}`),
  }
}

function withCritical({ type, image, identity }: Parts): Readonly<Record<string, string>> {
  const good = `${type},${image},${identity}`
  return {
    'type missing': payload(`${image},${identity}`),
    'type of sigstore': payload(`"type":"cosign container image signature",${image},${identity}`),
    'type in another case': payload(`"type":"Atomic Container Signature",${image},${identity}`),
    'type a number': payload(`"type":1,${image},${identity}`),
    'type null': payload(`"type":null,${image},${identity}`),
    'critical with another key': payload(`${good},"x":1`),
    'critical with a key in another case': payload(`${good},"Type":"atomic container signature"`),
    'critical with __proto__': payload(`${good},"__proto__":{}`),
    'critical through __proto__': `{"__proto__":{"critical":{${good}}},"optional":{}}`,
    'critical null': '{"critical":null,"optional":{}}',
    'critical a list': `{"critical":[{${good}}],"optional":{}}`,
    'critical missing': '{"optional":{}}',
    'critical twice': `{"critical":{${good}},"critical":{${good}},"optional":{}}`,
    'critical in another case': `{"Critical":{${good}},"optional":{}}`,
  }
}

function asDocument({ type, image, identity }: Parts): Readonly<Record<string, string>> {
  const good = `${type},${image},${identity}`
  return {
    'top with another key': `{"critical":{${good}},"optional":{},"x":1}`,
    'trailing value': `${payload(good)}{}`,
    'trailing NUL': `${payload(good)}\0`,
    'byte order mark': `\uFEFF${payload(good)}`,
    'a comment': `${payload(good)}// x`,
    'not JSON': 'This is not JSON\n',
    'a list': `[${payload(good)}]`,
    'a text': JSON.stringify(payload(good)),
    null: 'null',
    empty: '',
  }
}
