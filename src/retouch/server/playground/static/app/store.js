// What survives a reload: steps, photos and the choice of the moment, in this browser's own database.

const NAME = "retouch";
let opened;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("steps", { keyPath: "id" });
      request.result.createObjectStore("meta");
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function run(store, mode, act) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(store, mode);
    const request = act(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}

export const putStep = (step) => run("steps", "readwrite", (store) => store.put(step));
export const allSteps = () => run("steps", "readonly", (store) => store.getAll());
export const putMeta = (key, value) => run("meta", "readwrite", (store) => store.put(value, key));
export const getMeta = (key) => run("meta", "readonly", (store) => store.get(key));

export async function forget() {
  await run("steps", "readwrite", (store) => store.clear());
  await run("meta", "readwrite", (store) => store.clear());
}
