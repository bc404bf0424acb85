//! `#[derive(Attributes)]`: a struct's fields, doc comments and `#[attr(…)]` facts become a static table.
//!
//! The derive emits data only. Fields:
//!
//! | `#[attr(…)]` | fact |
//! |---|---|
//! | `create_only`, `settled`, `write_only`, `local`, `sensitive`, `path` | the flags of `Attribute` |
//! | `default = LITERAL` or `default = path::to::function` | absence means this value |
//! | `aws_default = "reason"` | AWS chooses; never compared |
//! | `range(0, 35)`, `length(1, 64)`, `pattern = "…"`, `values("a", "b")` | what is allowed |
//! | `policy = Trust` | for policies: what they stand on |
//! | `canonical = path`, `same = path` | how values are compared |
//! | `refers("vpc", "id")` | for fields of type `String` (or collections of them): a reference |
//! | `changes_on("a", "b")`, `changes_on_any` | for outputs: when they change |
//! | `looks_like = "vpc-{hex:17}"` | for outputs: their form |
//!
//! Structs: `#[attributes(exactly_one("a", "b"), at_most_one(…), at_least_one(…), requires("a", "b"),
//! requires_when("a", "text", "b"), forbids_when("a", "text", "b"),
//! source_forbids("reference", "its attribute", "text", "unless its attribute", "begins so"),
//! part_of("network", "reference", "its network"), differ("reference", "its attribute"),
//! spread("reference", "its attribute"))]`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::Parse;
use syn::punctuated::Punctuated;
use syn::{Data, DeriveInput, Error, Expr, ExprLit, Field, Fields, Lit, LitStr, Result, Token};

/// Derives `Attributes` (the table) and `Typed` (so that the struct can be a block of another).
#[proc_macro_derive(Attributes, attributes(attr, attributes))]
pub fn derive_attributes(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(Error::into_compile_error).into()
}

fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(input, "Attributes describes structs with named fields"));
    };
    let fields: Vec<&Field> = match &data.fields {
        Fields::Named(named) => named.named.iter().collect(),
        Fields::Unit => Vec::new(),
        Fields::Unnamed(_) => return Err(Error::new_spanned(input, "fields need names")),
    };
    let name = &input.ident;
    let doc = docs(&input.attrs);
    let attributes = fields.iter().map(|field| attribute(field)).collect::<Result<Vec<_>>>()?;
    let rules = rules(input)?;
    Ok(quote! {
        impl ::clefctl_core::kind::Attributes for #name {
            const BLOCK: ::clefctl_core::kind::Block = ::clefctl_core::kind::Block {
                doc: #doc,
                attributes: &[#(#attributes),*],
                rules: &[#(#rules),*],
            };
        }
        impl ::clefctl_core::kind::Typed for #name {
            const TYPE: ::clefctl_core::kind::Type =
                ::clefctl_core::kind::Type::Block(&<#name as ::clefctl_core::kind::Attributes>::BLOCK);
        }
    })
}

/// The doc comment as the manual shows it: lines joined, paragraphs kept.
fn docs(attrs: &[syn::Attribute]) -> String {
    let mut text = String::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("doc")) {
        if let syn::Meta::NameValue(pair) = &attr.meta
            && let Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) = &pair.value
        {
            let line = line.value();
            let line = line.trim();
            if line.is_empty() {
                text.push_str("\n\n");
            } else {
                if !text.is_empty() && !text.ends_with('\n') {
                    text.push(' ');
                }
                text.push_str(line);
            }
        }
    }
    text.trim().to_owned()
}

fn attribute(field: &Field) -> Result<TokenStream> {
    let ident = field.ident.as_ref().ok_or_else(|| Error::new_spanned(field, "fields need names"))?;
    // `self` cannot be a raw identifier: such a field is called `self_`.
    let name = ident.unraw().to_string().trim_end_matches('_').to_owned();
    let doc = docs(&field.attrs);
    let ty = &field.ty;
    if doc.is_empty() {
        return Err(Error::new_spanned(field, "the doc comment is the manual: write one"));
    }
    let mut ty_tokens = quote!(<#ty as ::clefctl_core::kind::Typed>::TYPE);
    let mut absent = quote!(<#ty as ::clefctl_core::kind::Typed>::ABSENT);
    let mut sensitive = quote!(<#ty as ::clefctl_core::kind::Typed>::SENSITIVE);
    let mut facts = Vec::new();
    for attr in field.attrs.iter().filter(|attr| attr.path().is_ident("attr")) {
        attr.parse_nested_meta(|meta| {
            let word = meta.path.require_ident()?.to_string();
            match word.as_str() {
                "create_only" | "settled" | "write_only" | "local" | "path" => {
                    let flag = &meta.path;
                    facts.push(quote!(#flag: true));
                }
                "sensitive" => sensitive = quote!(true),
                "default" => absent = default(&meta.value()?.parse()?)?,
                "aws_default" => {
                    let reason: LitStr = meta.value()?.parse()?;
                    absent = quote!(::clefctl_core::kind::Absent::Aws(#reason));
                }
                "range" | "length" => {
                    let bounds = arguments::<Expr>(&meta)?;
                    let [low, high] = bounds.as_slice() else {
                        return Err(meta.error("takes two numbers"));
                    };
                    let fact = &meta.path;
                    facts.push(quote!(#fact: Some((#low, #high))));
                }
                "values" => {
                    let texts = arguments::<LitStr>(&meta)?;
                    facts.push(quote!(values: &[#(#texts),*]));
                }
                "pattern" => {
                    let pattern: LitStr = meta.value()?.parse()?;
                    facts.push(quote!(pattern: Some(#pattern)));
                }
                "policy" => {
                    let kind: syn::Ident = meta.value()?.parse()?;
                    facts.push(quote!(policy: ::clefctl_core::kind::PolicyKind::#kind));
                }
                "canonical" | "same" => {
                    let fact = &meta.path;
                    let path: syn::Path = meta.value()?.parse()?;
                    facts.push(quote!(#fact: Some(#path)));
                }
                "refers" => {
                    let texts = arguments::<LitStr>(&meta)?;
                    let [kind, output] = texts.as_slice() else {
                        return Err(meta.error("takes the kind and the output"));
                    };
                    ty_tokens = reference(ty, kind, output);
                }
                "changes_on" => {
                    let texts = arguments::<LitStr>(&meta)?;
                    facts.push(quote!(changes: ::clefctl_core::kind::Changes::OnUpdateOf(&[#(#texts),*])));
                }
                "changes_on_any" => facts.push(quote!(changes: ::clefctl_core::kind::Changes::OnAnyUpdate)),
                "looks_like" => {
                    let form: LitStr = meta.value()?.parse()?;
                    facts.push(quote!(looks_like: #form));
                }
                _ => return Err(meta.error("no fact is called so")),
            }
            Ok(())
        })?;
    }
    Ok(quote! {
        ::clefctl_core::kind::Attribute {
            name: #name,
            doc: #doc,
            ty: #ty_tokens,
            absent: #absent,
            sensitive: #sensitive,
            #(#facts,)*
            ..::clefctl_core::kind::Attribute::PLAIN
        }
    })
}

/// The type of a field of ids: the reference, inside whatever collection the field's type is.
fn reference(ty: &syn::Type, kind: &LitStr, output: &LitStr) -> TokenStream {
    let one = quote!(::clefctl_core::kind::Type::Reference { kind: #kind, output: #output });
    let text = ty.to_token_stream().to_string();
    let outer = |word: &str| text.contains(&format!("{word} <"));
    if outer("BTreeSet") {
        quote!(::clefctl_core::kind::Type::Set(&#one))
    } else if outer("BTreeMap") {
        quote!(::clefctl_core::kind::Type::Map(&#one))
    } else if outer("Vec") {
        quote!(::clefctl_core::kind::Type::List(&#one))
    } else {
        one
    }
}

fn default(value: &Expr) -> Result<TokenStream> {
    let literal = match value {
        Expr::Lit(ExprLit { lit: Lit::Bool(b), .. }) => quote!(Bool(#b)),
        Expr::Lit(ExprLit { lit: Lit::Int(n), .. }) => quote!(Int(#n)),
        Expr::Unary(negative) => quote!(Int(#negative)),
        Expr::Lit(ExprLit { lit: Lit::Str(s), .. }) => quote!(Str(#s)),
        Expr::Array(items) if items.elems.is_empty() => quote!(EmptyList),
        Expr::Array(items) => {
            let items = items.elems.iter();
            quote!(Strs(&[#(#items),*]))
        }
        Expr::Path(path) => quote!(Of(#path)),
        other => return Err(Error::new_spanned(other, "a default is a literal or the path of a function")),
    };
    Ok(quote!(::clefctl_core::kind::Absent::Default(::clefctl_core::kind::Literal::#literal)))
}

fn rules(input: &DeriveInput) -> Result<Vec<TokenStream>> {
    let mut rules = Vec::new();
    for attr in input.attrs.iter().filter(|attr| attr.path().is_ident("attributes")) {
        attr.parse_nested_meta(|meta| {
            let word = meta.path.require_ident()?.to_string();
            let texts = arguments::<LitStr>(&meta)?;
            let rule = match (word.as_str(), texts.as_slice()) {
                ("exactly_one", names) => quote!(ExactlyOne(&[#(#names),*])),
                ("at_most_one", names) => quote!(AtMostOne(&[#(#names),*])),
                ("at_least_one", names) => quote!(AtLeastOne(&[#(#names),*])),
                ("requires", [name, others @ ..]) => quote!(Requires(#name, &[#(#others),*])),
                ("requires_when", [name, text, others @ ..]) => quote!(RequiresWhen(#name, #text, &[#(#others),*])),
                ("forbids_when", [name, text, others @ ..]) => quote!(ForbidsWhen(#name, #text, &[#(#others),*])),
                ("source_forbids", [reference, attribute, text, other, prefix]) => quote!(SourceForbids {
                    reference: #reference,
                    attribute: #attribute,
                    text: #text,
                    unless: (#other, #prefix),
                }),
                ("differ", [reference, attribute]) => {
                    quote!(Differ { reference: #reference, attribute: #attribute, all: true })
                }
                ("spread", [reference, attribute]) => {
                    quote!(Differ { reference: #reference, attribute: #attribute, all: false })
                }
                ("part_of", [network, reference, whole]) => {
                    quote!(PartOf { network: #network, reference: #reference, whole: #whole })
                }
                _ => return Err(meta.error("no rule is called so")),
            };
            rules.push(quote!(::clefctl_core::kind::Rule::#rule));
            Ok(())
        })?;
    }
    Ok(rules)
}

fn arguments<T: Parse>(meta: &syn::meta::ParseNestedMeta<'_>) -> Result<Vec<T>> {
    let content;
    syn::parenthesized!(content in meta.input);
    Ok(Punctuated::<T, Token![,]>::parse_terminated(&content)?.into_iter().collect())
}
