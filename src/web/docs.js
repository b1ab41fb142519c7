// Shows the OpenAPI document. Nothing leaves this origin, and no key outlives the page.
"use strict";

const dark = window.matchMedia("(prefers-color-scheme: dark)");

// Swagger UI has a dark look, for a class that it leaves to the page.
function followColorScheme() {
  document.documentElement.classList.toggle("dark-mode", dark.matches);
}

// The document's curl lines name the address of a service that was just started; the reader's is
// this page's. An origin holds nothing that JSON would escape.
function withThisAddress(updateSpec) {
  return (text) => updateSpec(text.replaceAll("http://localhost:8080", location.origin));
}

// The head of the page: the first paragraph of the description, and each chapter of it folded away,
// so that the operations are in sight.
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

// Swagger UI's own place for the button is a row below the head.
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
  url: "/openapi.json",
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
