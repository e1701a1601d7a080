/**
 * The controls of all panels. The only file that knows where they come from: the toolkit is archived upstream, and
 * whoever replaces it does so here.
 */
import {
  type Button,
  Checkbox,
  Dropdown,
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeProgressRing,
} from "@vscode/webview-ui-toolkit";

/** Once per panel, before the first control is made. */
export function registerControls(): void {
  provideVSCodeDesignSystem().register(
    vsCodeButton(),
    vsCodeCheckbox(),
    vsCodeDropdown(),
    vsCodeOption(),
    vsCodeProgressRing(),
  );
}

export interface ButtonControl {
  readonly element: HTMLElement;
  setDisabled(disabled: boolean): void;
}

export function button(label: string, appearance: Button["appearance"], press: () => void): ButtonControl {
  const element = document.createElement("vscode-button");
  element.setAttribute("appearance", appearance);
  element.textContent = label;
  element.addEventListener("click", () => {
    if (!element.hasAttribute("disabled")) press();
  });
  return { element, setDisabled: (disabled) => element.toggleAttribute("disabled", disabled) };
}

export interface CheckboxControl {
  readonly element: HTMLElement;
  setChecked(checked: boolean): void;
  setDisabled(disabled: boolean): void;
}

/** `change` hears of people's changes only. */
export function checkbox(
  label: string,
  checked: boolean,
  change: (checked: boolean) => void,
): CheckboxControl {
  const element = make("vscode-checkbox", Checkbox);
  element.textContent = label;
  element.checked = checked;
  let ours = checked;
  element.addEventListener("change", () => {
    if (element.checked === ours) return;
    ours = element.checked;
    change(ours);
  });
  return {
    element,
    setChecked(next) {
      ours = next;
      element.checked = next;
    },
    setDisabled: (disabled) => element.toggleAttribute("disabled", disabled),
  };
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

export interface DropdownControl {
  readonly element: HTMLElement;
  setChoices(choices: readonly Choice[], chosen: string): void;
}

/** `name` is what assistive technology calls it; `change` hears of people's changes only. */
export function dropdown(name: string, change: (value: string) => void): DropdownControl {
  const element = make("vscode-dropdown", Dropdown);
  element.setAttribute("aria-label", name);
  let ours = "";
  element.addEventListener("change", () => {
    if (element.value === ours || element.value === "") return;
    ours = element.value;
    change(ours);
  });
  return {
    element,
    setChoices(choices, chosen) {
      ours = chosen;
      element.replaceChildren(
        ...choices.map(({ value, label }) => {
          const option = document.createElement("vscode-option");
          option.setAttribute("value", value);
          option.textContent = label;
          option.toggleAttribute("selected", value === chosen);
          return option;
        }),
      );
    },
  };
}

/** Turns as long as it is there. */
export function progressRing(name: string): HTMLElement {
  const element = document.createElement("vscode-progress-ring");
  element.setAttribute("aria-label", name);
  return element;
}

function make<T extends HTMLElement>(tag: string, type: new () => T): T {
  const element = document.createElement(tag);
  if (!(element instanceof type)) throw new Error(`${tag} is not registered`);
  return element;
}
