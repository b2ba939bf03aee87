"""Objects of changes and details of signatures are told in the reader's language; names out of documents stay."""

from __future__ import annotations

import re

import pytest

from verify.reports.objects import OTHERS, detail, spoken
from verify.signatures.changes import history

# Every way in which verify.signatures.changes names an object.
TOLD = {
    "page 1, content": "第 1 页，内容",
    "page 12": "第 12 页",
    "page 1, Rotate": "第 1 页，方向",
    "page 3, metadata": "第 3 页，元数据",
    "page 1, annotation Stamp": "第 1 页，批注（图章）",
    "page 1, annotation": "第 1 页，批注",
    "page 1, annotations": "第 1 页，批注",
    "page 1, appearance of an annotation": "第 1 页，批注的外观",
    "page 2, field amount": "第 2 页，字段 amount",
    "pages": "页面",
    "pages, resources": "页面，资源",
    "field amount": "字段 amount",
    "field amount, appearance": "字段 amount，外观",
    "field amount, Ff": "字段 amount，标志",
    "field amount, due, appearance": "字段 amount, due，外观",
    "field and others, appearance": "其他字段，外观",
    "signature in field Signature1": "字段 Signature1 中的签名",
    "form": "表单",
    "form, resources": "表单，资源",
    "form, NeedAppearances": "表单，重新生成外观",
    "document": "文件",
    "document, OpenAction": "文件，打开时的动作",
    "document, SpiderInfo": "文件，SpiderInfo",
    "document information": "文件信息",
    "document permissions, DocMDP": "文件权限，认证",
    "metadata": "元数据",
    "bookmarks": "书签",
    "validation data (DSS)": "验证数据（DSS）",
    "structure (tags)": "结构（标签）",
    "structure (tags), index": "结构（标签），索引",
    "structure (tags) of an annotation": "批注的结构（标签）",
    "object": "对象",
    "object 4": "对象 4",
    "object 4, /Type": "对象 4，/Type",
    "object stream 9": "对象容器 9",
    "the trailer of revision 2, /Root": "第 2 版的文件尾，/Root",
    "an object 1 at byte 26686 that no revision lists": "第 26686 字节处未列入任何版本的对象 1",
    "an object 7 that the table and its stream give differently (revision 2)": "第 2 版中索引表与索引流所指不同的对象 7",
    "an object 7 that a table gives twice (revision 2)": "第 2 版索引表两次列出的对象 7",
    "an object 7 that a table gives in two ways (revision 2)": "第 2 版索引表有两种说法的对象 7",
    "a table whose parts overlap at object 7 (revision 2)": "第 2 版索引表的各部分在对象 7 处重叠",
    "a table at byte 99 that cannot be read by its words (revision 1)": "第 99 字节处无法照读的索引表（第 1 版）",
    "a table in the stream at byte 99 whose columns are odd (revision 1)": "第 99 字节处各程序读法不同的索引流（第 1 版）",
    "a revision without its end, at byte 5": "第 5 字节处没有结尾的版本",
    "a revision that ends at byte 5 and is passed by": "结束于第 5 字节而被跳过的版本",
    "a trailer at byte 5 that belongs to no revision": "第 5 字节处不属于任何版本的文件尾",
    "52 bytes after the end of the file": "文件结尾之后的 52 个字节",
}


@pytest.mark.parametrize("name", TOLD)
def test_an_object_is_told_in_chinese(name: str) -> None:
    assert spoken(name, "zh") == TOLD[name]
    assert spoken(name, "en") == name


def test_the_words_for_all_others_are_those_of_the_examiner() -> None:
    assert OTHERS == history.OTHERS


def test_what_is_not_known_stays_as_it_is() -> None:
    assert spoken("vertrag.pdf", "zh") == "vertrag.pdf"
    assert spoken("{0} page 1", "zh") == "{0} page 1"


def test_one_is_told_as_one() -> None:
    assert spoken("1 bytes after the end of the file", "en") == "1 byte after the end of the file"
    assert detail("the file was changed 1 times since", "en") == "the file was changed once since"


def test_moments_in_details_are_told_like_every_other() -> None:
    expired = "Common Name: brief, Organization: Fictions of the Table, Country: ZZ: 2025-06-01"
    assert detail(expired, "en") == "brief: 1 June 2025"
    assert detail("revoked 2024-05-01", "zh") == "吊销于 2024年5月1日"
    assert detail("revoked 2024-55-01", "en") == "revoked 2024-55-01"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_a_library_says_of_itself_is_not_ours(lang: str) -> None:
    assert detail("The path could not be validated because it exceeds the maximum path length", lang) is None


def test_our_own_details_have_chinese_words() -> None:
    for own in (
        "a certificate of the path is signed with md5",
        "a certificate of the path was signed with SHA-1 after 2016",
        "an authority of the path has a key that is too short (rsa-1024)",
        "the certificate is not meant for signing",
        "no anchor of its paths is trusted for signing at that time",
        "its extensions cannot be read",
        "a critical extension is not understood: 1.3.6.1.4.1.55555.99",
        "the file was changed 300 times since",
    ):
        assert re.search("[\u4e00-\u9fff]", detail(own, "zh") or "")
        assert detail(own, "en") == own
