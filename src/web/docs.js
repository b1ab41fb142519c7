// Shows the OpenAPI document. Nothing leaves this origin, and no key outlives the page.
"use strict";

const dark = window.matchMedia("(prefers-color-scheme: dark)");

// Swagger UI has a dark look, for a class that it leaves to the page.
function followColorScheme() {
  document.documentElement.classList.toggle("dark-mode", dark.matches);
}

followColorScheme();
dark.addEventListener("change", followColorScheme);

SwaggerUIBundle({
  domNode: document.getElementById("reference"),
  url: "/openapi.json",
  layout: "BaseLayout",
  presets: [SwaggerUIBundle.presets.apis],
  validatorUrl: null,
  persistAuthorization: false,
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
});
