import { ApiError } from '../../src/source/kubernetes/api-error.ts';
import type { ObjectApi } from '../../src/source/kubernetes/api-writer.ts';
import { isJsonObject, type JsonObject } from '../../src/source/kubernetes/prune.ts';

export interface ObjectCall {
  readonly verb: 'get' | 'create' | 'update' | 'patch';
  readonly path: string;
  readonly object: JsonObject | undefined;
}

/** Objects in memory, with versions and conflicts as an API server has them. */
export class FakeObjectApi implements ObjectApi {
  readonly objects = new Map<string, JsonObject>();
  readonly calls: ObjectCall[] = [];
  /** What a call fails with, before it does anything; called when it arrives. */
  onCall: (call: ObjectCall) => ApiError | undefined | Promise<ApiError | undefined> = () =>
    undefined;
  /** Called with each object that was written. */
  onWritten: (path: string, object: JsonObject) => void = () => undefined;
  #version = 0;

  async get(path: string): Promise<JsonObject> {
    await this.#arrive({ verb: 'get', path, object: undefined });
    return this.#find(path);
  }

  async create(path: string, object: JsonObject): Promise<JsonObject> {
    await this.#arrive({ verb: 'create', path, object });
    const at = `${path}/${String(metadataOf(object)['name'])}`;
    if (this.objects.has(at)) throw new ApiError(409, 'already exists');
    return this.put(at, object);
  }

  async replace(path: string, object: JsonObject): Promise<JsonObject> {
    await this.#arrive({ verb: 'update', path, object });
    const at = path.replace(/\/status$/, '');
    const old = this.#find(at);
    if (metadataOf(old)['resourceVersion'] !== metadataOf(object)['resourceVersion']) {
      throw new ApiError(409, 'the object has been modified');
    }
    return this.put(at, path === at ? object : { ...old, status: object['status'] });
  }

  async merge(path: string, change: JsonObject): Promise<JsonObject> {
    await this.#arrive({ verb: 'patch', path, object: change });
    return this.put(path, { ...this.#find(path), ...change });
  }

  /** As somebody else would, without being asked. */
  put(path: string, object: JsonObject): JsonObject {
    this.#version += 1;
    const metadata = { ...metadataOf(object), resourceVersion: String(this.#version) };
    const written = { ...object, metadata };
    this.objects.set(path, written);
    this.onWritten(path, written);
    return written;
  }

  writes(): readonly ObjectCall[] {
    return this.calls.filter(({ verb }) => verb !== 'get');
  }

  async #arrive(call: ObjectCall): Promise<void> {
    this.calls.push(call);
    const error = await this.onCall(call);
    if (error !== undefined) throw error;
  }

  #find(path: string): JsonObject {
    const object = this.objects.get(path);
    if (object === undefined) throw new ApiError(404, 'not found');
    return object;
  }
}

function metadataOf(object: JsonObject): JsonObject {
  return isJsonObject(object['metadata']) ? object['metadata'] : {};
}
