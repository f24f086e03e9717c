// The login page: it exchanges a token for a session.

import { signIn } from "./api.js";

const $ = (id) => document.getElementById(id);

$("form").onsubmit = async (e) => {
  e.preventDefault();
  try {
    await signIn($("token").value.trim());
    location.reload(); // The same address now answers with the review screen.
  } catch (error) { $("error").textContent = error.status === 401 ? "That is not the token of this server." : error.message; }
};
if (localStorage.getItem("geobfdt-theme")) document.documentElement.dataset.theme = localStorage.getItem("geobfdt-theme");
