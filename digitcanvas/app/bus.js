// How the page's components send one another values: the newest of each topic, and who follows it.

const values = new Map();
const followers = new Map();

function of(topic) {
  if (!followers.has(topic)) followers.set(topic, new Set());
  return followers.get(topic);
}

export function publish(topic, value) {
  values.set(topic, value);
  for (const follower of [...of(topic)]) {
    try {
      follower(value);
    } catch (error) {
      reportError(error); // one that fails keeps nothing from the others
    }
  }
}

/** Call back with the topic's value, if there is one, and with each new one. Gives the end of it. */
export function follow(topic, callback) {
  of(topic).add(callback);
  if (values.has(topic)) callback(values.get(topic));
  return () => of(topic).delete(callback);
}
