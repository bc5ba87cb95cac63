import type { Origin } from '../registries-conf/registries-conf.ts'

/** What proves who the user is to a server of App Container Images. */
export type RktCredentials =
  | { readonly type: 'basic'; readonly user: string; readonly password: string }
  /** A Bearer token. */
  | { readonly type: 'oauth'; readonly token: string }
  /** Requests are signed for the service s3 (AWS Signature Version 4). */
  | { readonly type: 'aws'; readonly accessKeyId: string; readonly secretAccessKey: string; readonly region: string }

/** Credentials of one domain or registry, and the file that holds them. */
export interface RktAuth {
  readonly credentials: RktCredentials
  readonly origin: Origin
}

export interface RktPath {
  readonly path: string
  readonly origin: Origin
}

/** `stage1.d`: which stage1 image pods are run with. */
export interface RktStage1 {
  readonly name: string | undefined
  /** Given exactly if `name` is. */
  readonly version: string | undefined
  /** An absolute path, or a URL with `file`, `docker`, `http` or `https`. */
  readonly location: string | undefined
  readonly origin: Origin
}

/** What rkt's configuration folders say. */
export interface RktConfig {
  /** By `HOST[:PORT]`, in lower case. */
  readonly auth: ReadonlyMap<string, RktAuth>
  /** For Docker registries, by their host; always `basic`. */
  readonly dockerAuth: ReadonlyMap<string, RktAuth>
  /** Where rkt keeps images and pods. */
  readonly data: RktPath | undefined
  readonly stage1Images: RktPath | undefined
  readonly stage1: RktStage1 | undefined
}
