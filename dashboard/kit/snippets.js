// Programs of a few lines that send a dataset's sample. The API key comes from the environment, and stands in none.

const indented = sample => JSON.stringify(sample, null, 2)

/** By language: from a contract, as the API tells it, and this gateway's address. */
export const snippets = {
  curl: ({ curl }) => curl,
  sample: ({ sample }) => indented(sample),
  javascript: ({ dataset, sample }, origin) => `const answer = await fetch('${origin}/v1/datasets/${dataset}/events', {
  method: 'POST',
  headers: {
    authorization: \`Bearer \${process.env.ECLUSE_API_KEY}\`,
    'content-type': 'application/json',
  },
  body: JSON.stringify(${indented(sample).replaceAll('\n', '\n  ')}),
})
console.log(answer.status, await answer.json())`,
  python: ({ dataset, sample }, origin) => `import json, os, urllib.request

event = json.loads(r'''${indented(sample).replaceAll("'''", '\\u0027\\u0027\\u0027')}''')
request = urllib.request.Request(
    "${origin}/v1/datasets/${dataset}/events",
    data=json.dumps(event).encode(),
    headers={
        "authorization": "Bearer " + os.environ["ECLUSE_API_KEY"],
        "content-type": "application/json",
    },
)
with urllib.request.urlopen(request) as answer:
    print(answer.status, json.load(answer))`,
}
