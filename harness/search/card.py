"""The model card of an exported network: description, input, output, and a program that loads and runs it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from harness.host.front import typed
from harness.show.render import pipes, plain

CLASS_NAMES = "class_names.json"
"""File within the exported program: the names of the classes, in the order of the logits."""
MODEL = "model.pt2"
"""File name of the model in printed commands."""


def class_names(claim: Mapping[str, Any], result: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the class names in the order of the logits, or the class numbers if the search recorded no names."""
    return tuple(claim.get("class_names") or map(str, range(result["n_classes"])))


def retrain_command(claim: Mapping[str, Any], out: str = "OUT", data_dir: str = "DIR", to: str = MODEL) -> str:
    """Return the command that retrains the found network on training and validation images."""
    needed = () if claim["dataset"] == "digits" else ("--data-dir", data_dir)
    return typed("export", out, "--to", to, "--retrain", *needed)


def model_card(
    claim: Mapping[str, Any],
    result: Mapping[str, Any],
    retrained: Mapping[str, Any] | None,
    name: str,
    onnx: str,
    weights: str | None = None,
) -> str:
    """Return the model card, Markdown.

    Args:
        claim: the settings in the search's folder.
        result: result of the search.
        retrained: result of `retrain`; None if the model has the weights of the search.
        name: file name of the model.
        onnx: file name of the ONNX file; empty if it was not written.
        weights: file name of the `state_dict` of a user's own network; None for another network.
    """
    names = class_names(claim, result)
    parts = [
        model_card_title(name),
        _table(("", ""), list(_rows(claim, result, retrained).items())),
        "The architecture:",
        f"```text\n{result['arch']}\n```",
        "## Classes",
        _table(("logit", "class"), [(str(i), class_name) for i, class_name in enumerate(names)]),
        "## Input",
        _preprocessing(claim),
        "## Use",
        f"```python\n{loading_program(name, claim['image_size'])}```",
    ]
    if onnx:
        parts += [
            f"The same as ONNX: `{onnx}`, input `images`, output `logits`; its metadata hold the names of the classes, "
            "a JSON list, under `class_names`. This program prints the class of a picture file; it needs onnxruntime, "
            "numpy and Pillow:",
            f"```python\n{onnx_program(onnx, claim['image_size'])}```",
        ]
    if weights:
        family = claim["family"]
        parts.append(
            f"`{weights}` is the `state_dict` of the network that `{family['class']}.build` of `{family['file']}` "
            "returns for the architecture above. It takes normalised images."
        )
    if retrained is None:
        parts += [
            "To train the same network on training and validation images, from the folder OUT of the search and its "
            "data DIR:",
            f"```sh\n{retrain_command(claim, to=name)}\n```",
        ]
    return "\n\n".join(parts) + "\n"


def model_card_title(name: str) -> str:
    """Return the first line of the card of the model in the file `name`."""
    return f"# {plain(name)}"


def loading_program(name: str, side: int) -> str:
    """Return a Python program that loads the model from the file `name` and prints its predictions for two images."""
    return (
        "import json\n\n"
        "import torch\n\n"
        f'stored = {{"{CLASS_NAMES}": ""}}\n'
        f"model = torch.export.load({json.dumps(name)}, extra_files=stored).module()\n"
        f'class_names = json.loads(stored["{CLASS_NAMES}"])\n\n'
        f"images = torch.zeros(2, 3, {side}, {side}, dtype=torch.uint8)  # put your images here: RGB, 0 to 255\n"
        "with torch.no_grad():\n"
        "    probabilities = torch.softmax(model(images), dim=1)\n"
        "for found in probabilities:\n"
        '    print(f"{class_names[int(found.argmax())]}: {float(found.max()):.1%}")\n'
    )


def onnx_program(name: str, side: int) -> str:
    """Return a Python program that prints the class of a picture file, by the ONNX file `name`."""
    return (
        "import json\nimport sys\n\nimport numpy as np\nimport onnxruntime\nfrom PIL import Image, ImageOps\n\n"
        f"session = onnxruntime.InferenceSession({json.dumps(name)})\n"
        'class_names = json.loads(session.get_modelmeta().custom_metadata_map["class_names"])\n'
        'picture = ImageOps.exif_transpose(Image.open(sys.argv[1])).convert("RGB")\n'
        f"picture = ImageOps.fit(picture, ({side}, {side}), Image.Resampling.BILINEAR)\n"
        "images = np.asarray(picture).transpose(2, 0, 1)[None]  # (1, 3, side, side)\n"
        '(logits,) = session.run(None, {"images": images})\n'
        "print(class_names[int(logits[0].argmax())])\n"
    )


def _table(titles: Sequence[str], rows: Sequence[tuple[str, str]]) -> str:
    return "\n".join(pipes(titles, [[plain(cell) for cell in row] for row in rows]))


def _preprocessing(claim: Mapping[str, Any]) -> str:
    side = claim["image_size"]
    scaled = (
        "The pictures of the search were cropped to their largest centred square and scaled to this size, as "
        "`PIL.ImageOps.fit` does with `Image.Resampling.BILINEAR`; do the same. "
        if claim.get("scaled")
        else ""
    )
    mean, std = (", ".join(f"{value:.4f}" for value in claim[key]) for key in ("mean", "std"))
    return (
        f"uint8 images (n, 3, {side}, {side}): red, green, blue, 0 to 255, {side} x {side} pixels, any number n of "
        f"them; a grey image has the same values in all three. {scaled}Do not normalise them, the model does: it "
        f"divides by 255, takes away the mean {mean} and divides by the standard deviation {std} of the colours. "
        "Output: logits (n, number of classes), of which a softmax makes probabilities."
    )


def _rows(claim: Mapping[str, Any], result: Mapping[str, Any], retrained: Mapping[str, Any] | None) -> dict[str, str]:
    return {
        "space": _space(claim, result),
        "data": f"{result['dataset']} ({result['data']}), split {result['split']}",
        **(_as_searched(result) if retrained is None else _as_retrained(result, retrained)),
        "recipe": _recipe(result),
        "parameters": f"{result['params_m']:.3f} M",
        "operations": f"{result['flops_m']:.2f} M multiply-adds per image",
        "search": f"{claim['searcher']}, seed {claim['seed']}, {result['gpu_hours']:.3f} hours on {claim['device']}",
        "code": f"{claim['code']}, torch {claim['torch']}",
    }


def _space(claim: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    family = claim.get("family")
    return f"{family['class']} in {family['file']} ({family['source']})" if family else str(result["space"])


def _recipe(result: Mapping[str, Any]) -> str:
    recipe = result["recipe"]
    return (
        f"SGD, batches of {recipe['batch_size']}, learning rate {recipe['learning_rate']:.3g} with cosine decay, "
        f"momentum {recipe['momentum']:g}, weight decay {recipe['weight_decay']:g}"
    )


def named(result: Mapping[str, Any]) -> str:
    """Return the name of the accuracy that was measured."""
    return str(result.get("objective", "accuracy")).replace("-", " ")


def _as_searched(result: Mapping[str, Any]) -> dict[str, str]:
    return {
        "weights": f"trained on {result['trained_on']}; not retrained on the validation images",
        "training": f"epoch {result['epochs']} of schedule {result['schedule']}, seed {result['seed']}",
        f"validation {named(result)}": f"{result['valid_acc']:.2f} %",
        f"test {named(result)}": f"{result['test_acc']:.2f} %, measured once, after the search",
    }


def _as_retrained(result: Mapping[str, Any], retrained: Mapping[str, Any]) -> dict[str, str]:
    own = f"{result['valid_acc']:.2f} % validation, {result['test_acc']:.2f} % test"
    return {
        "weights": f"retrained on {retrained['trained_on']}",
        "training": f"epoch {retrained['epochs']} of schedule {retrained['schedule']}, seed {retrained['seed']}, "
        f"{retrained['hours']:.3f} hours on {retrained['device']}, torch {retrained['torch']}",
        f"test {named(result)}": f"{retrained['test_acc']:.2f} %, measured once more, when nothing was left to choose",
        "accuracy in the search": f"{own}, trained on {result['trained_on']}",
    }
