import numpy as np
import pytest

from verify.simulation.fields import as_map
from verify.simulation.reproductions import GRID, Device, How, diffused, reproduce
from verify.simulation.scans import Capture, scan_page

RED = np.array([214, 60, 70], np.uint8)


def patch() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A red square of 4 mm on 8 mm of white paper, at 300 dpi."""
    picture = np.full((94, 94, 3), 250, np.uint8)
    picture[24:71, 24:71] = RED
    return picture


def captured(device: Device, seed: int = 1) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    rng = np.random.default_rng(seed)
    layers = reproduce(patch(), 300.0, device, rng)
    return scan_page([], layers, Capture(dpi=600.0, noise=0.0), rng, size_mm=(7.96, 7.96)).pixels


def test_error_diffusion_keeps_the_mean_of_every_ink() -> None:
    cover = np.empty((120, 120, 4), np.float32)
    cover[:] = (0.1, 0.35, 0.6, 0.9)
    on = diffused(as_map(cover), np.random.default_rng(2))
    assert on[20:-20, 20:-20].mean(axis=(0, 1)) == pytest.approx([0.1, 0.35, 0.6, 0.9], abs=0.03)


@pytest.mark.parametrize("how", ["ink-jet", "laser"])
def test_a_colour_device_prints_red_as_magenta_and_yellow_dots(how: How) -> None:
    layers = reproduce(patch(), 300.0, Device.draw(np.random.default_rng(4), how), np.random.default_rng(1))
    assert len(layers) >= 3
    pixels = captured(Device.draw(np.random.default_rng(4), how)).astype(int)
    inside = pixels[70:120, 70:120].reshape(-1, 3).mean(axis=0)
    assert inside[0] > inside[1] + 60
    # Mixed dots: green and blue light do not vary as one, as in a film of one ink they would.
    fine = pixels[70:120, 70:120, 1:].reshape(-1, 2)
    assert np.corrcoef(fine.T)[0, 1] < 0.9


def test_a_black_copy_has_no_colour() -> None:
    device = Device(how="photocopy", black=True, lpi=0.0)
    pixels = captured(device).astype(int)[70:120, 70:120]
    assert np.ptp(pixels.mean(axis=(0, 1))) < 15


def test_a_screen_repeats_at_its_own_frequency() -> None:
    device = Device(how="laser", lpi=150.0, gcr=0.0, rough=0.0, scatter=0.0, misregistration=0.0)
    grey = np.full((118, 118, 3), 150, np.uint8)
    grey[:4] = 255  # paper
    layers = reproduce(np.concatenate([np.full_like(grey, 255), grey]), 300.0, device, np.random.default_rng(1))
    dots = layers[0].density[-400:, :400]
    power = np.abs(np.fft.rfft2(dots - dots.mean())) ** 2
    y, x = np.unravel_index(int(np.argmax(power)), power.shape)
    frequency = np.hypot(min(int(y), 400 - int(y)), int(x)) / 400 * GRID
    assert frequency == pytest.approx(150 / 25.4, rel=0.05)


def test_equal_seeds_give_equal_prints() -> None:
    device = Device.draw(np.random.default_rng(9), "ink-jet")
    assert np.array_equal(captured(device), captured(device))
