// What all modules draw with, in one place: whoever changes the library changes this file.
export {
  html, render, createContext, useCallback, useContext, useEffect, useLayoutEffect, useMemo, useRef, useState,
} from "../vendor/htm-preact.js";
