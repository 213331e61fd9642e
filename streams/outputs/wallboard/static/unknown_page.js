// A page that says what there is not, as the server wrote it.

import { top } from "./below.js";

top(new URLSearchParams(location.search).get("force"));
