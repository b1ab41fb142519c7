// SPDX-License-Identifier: MIT
//
// Server-sent events of an answer, because a browser's EventSource cannot send a key.

// Calls onEvent({ id, name, data }) for each event, until the stream ends, or nothing has come for
// `silence` seconds, at the beginning for `first`. `stop` then ends the request.
export async function readEvents(answer, { first, silence }, stop, onEvent) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let seconds = first;
  let timer;
  let text = "";

  try {
    for (;;) {
      timer = setTimeout(stop, seconds * 1000);
      const { value, done } = await reader.read();
      clearTimeout(timer);
      if (done) return;
      seconds = silence;
      const events = (text + value).split("\n\n");
      text = events.pop();
      for (const event of events) tell(event, onEvent);
    }
  } finally {
    clearTimeout(timer);
  }
}

// Each event of this service has one line of data. Comments have none.
function tell(event, onEvent) {
  const fields = new Map(event.split("\n").map((line) => {
    const colon = line.indexOf(": ");
    return [line.slice(0, colon), line.slice(colon + 2)];
  }));

  if (fields.has("data"))
    onEvent({ id: fields.get("id"), name: fields.get("event"),
      data: JSON.parse(fields.get("data")) });
}
