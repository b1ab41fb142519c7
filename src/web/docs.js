// Shows the OpenAPI document. Nothing leaves this origin, and no key outlives the page. All
// addresses are relative, because a proxy may give the service a prefix.
"use strict";

const dark = window.matchMedia("(prefers-color-scheme: dark)");

// Swagger UI has a dark look. The page must set its class.
function followColorScheme() {
  document.documentElement.classList.toggle("dark-mode", dark.matches);
}

// The document's curl lines have the default address. The reader needs that of this service,
// without characters that have a meaning in JSON or in a shell.
function withThisAddress(updateSpec) {
  const prefix = new URL(".", location).pathname.replace(/\/$/, "").replace(/[^\w/.~%-]/g,
    (character) => `%${character.charCodeAt(0).toString(16)}`);
  const address = location.origin + prefix;

  return (text) => updateSpec(text.replaceAll("http://localhost:8080", address));
}

// The head of the page: the first paragraph of the description, and its chapters folded, so that
// the operations can be seen.
function foldedInfo(_, { React }) {
  const create = React.createElement;

  return ({ specSelectors, getComponent }) => {
    const info = specSelectors.info();
    const Markdown = getComponent("Markdown", true);
    const AuthorizeButton = getComponent("AuthorizeBtnContainer", true);
    const [lead, ...chapters] = info.get("description").split(/^### /m);

    return create("div", { className: "info" },
      create("div", { className: "lead" },
        create("div", null,
          create("h1", null, `${info.get("title")} ${info.get("version")}`),
          create(Markdown, { source: lead })),
        create(AuthorizeButton, { isInHead: true })),
      chapters.map((chapter) => {
        const [title] = chapter.split("\n", 1);
        return create("details", { key: title },
          create("summary", null, title),
          create(Markdown, { source: chapter.slice(title.length) }));
      }));
  };
}

// Swagger UI would put the button into a row below the head.
function onlyInHead(AuthorizeButton, { React }) {
  return (props) => (props.isInHead ? React.createElement(AuthorizeButton, props) : null);
}

const reference = {
  wrapComponents: { InfoContainer: foldedInfo, AuthorizeBtnContainer: onlyInHead },
  statePlugins: { spec: { wrapActions: { updateSpec: withThisAddress } } },
};

followColorScheme();
dark.addEventListener("change", followColorScheme);

SwaggerUIBundle({
  domNode: document.getElementById("reference"),
  url: "openapi.json",
  layout: "BaseLayout",
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [reference],
  validatorUrl: null,
  persistAuthorization: false,
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
});
