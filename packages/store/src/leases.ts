import type { OperationOptions } from '@crossdock/core'
import type { Labels } from './labels.ts'

/** Keeps what it lists from being collected until it expires or is deleted. */
export interface Lease {
  readonly id: string
  readonly labels: Labels
  readonly createdAt: Date
  readonly expiresAt?: Date | undefined
  /** Whether only what is listed is kept, and not what that refers to. */
  readonly flat: boolean
}

/** `content` by digest, `ingest` by ref, `image` by name. */
export interface LeaseResource {
  readonly kind: 'content' | 'ingest' | 'image'
  readonly id: string
}

export interface CreateLeaseOptions extends OperationOptions {
  /** Default: made up. */
  readonly id?: string | undefined
  /** Milliseconds. Default: 24 hours. */
  readonly ttlMs?: number | undefined
  readonly labels?: Labels | undefined
  readonly flat?: boolean | undefined
}

export interface Leases {
  create(options?: CreateLeaseOptions): Promise<Lease>
  delete(id: string, options?: OperationOptions): Promise<void>
  list(filters?: readonly string[], options?: OperationOptions): Promise<readonly Lease[]>
  add(id: string, resource: LeaseResource): Promise<void>
  remove(id: string, resource: LeaseResource): Promise<void>
  resources(id: string): Promise<readonly LeaseResource[]>
  /** Makes a lease for as long as `work` takes. */
  with<Value>(work: (lease: Lease) => Promise<Value>, options?: CreateLeaseOptions): Promise<Value>
}
